package definition

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// Validate decides what becomes of the running configuration now that the ConfigMap
// holds data. An InvalidError is for people to correct; after any other error it is
// called again.
type Validate func(ctx context.Context, running config.Config, data map[string]string) (config.Change, error)

// InvalidError is what is wrong with a configuration.
type InvalidError struct{ Err error }

func (e *InvalidError) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong.
func (e *InvalidError) Unwrap() error { return e.Err }

const (
	// changeSettle is how long changes of the ConfigMap are collected: one that is
	// replaced is deleted first, and is not gone for that.
	changeSettle = time.Second
	// The pause before a configuration is validated again that could not be doubles
	// from the first to the last.
	firstValidation, lastValidation = 500 * time.Millisecond, 15 * time.Second
)

// Role is which part this replica plays.
type Role interface {
	// Leads reports whether this replica leads.
	Leads() bool
	// Leader returns the identity of another replica that leads, or nothing. The
	// channel is closed when that or Leads changes.
	Leader() (identity string, moved <-chan struct{})
}

// ConfigMetrics count what becomes of changed configurations.
type ConfigMetrics interface {
	ConfigTaken(at time.Time, needsRestart bool)
	ConfigRefused()
}

// FollowerOptions are what a Follower is made of.
type FollowerOptions struct {
	Source    *Source
	Client    kube.Client
	Namespace string
	ConfigMap string // where the configuration comes from
	Instance  string // this replica
	Validate  Validate
	Role      Role
	Announcer *kube.Announcer
	Metrics   ConfigMetrics
	Clock     clock.WithTicker
	Jitter    backoff.Jitter
	Log       *slog.Logger
}

// Follower has a definition follow its ConfigMap. Every replica has one; the leader's
// also writes events.
type Follower struct {
	FollowerOptions
	informer      cache.SharedIndexInformer
	lastValidated string   // its hash; empty: there was nothing
	refused       []string // what is wrong with it
	about         corev1.ObjectReference
	pendingEvents []configEvent
	foreign       string // the ConfigMap of the leader that was announced
}

type configEvent struct {
	warning         bool
	reason, message string
}

// NewFollower returns a follower.
func NewFollower(o FollowerOptions) *Follower {
	return &Follower{
		FollowerOptions: o,
		informer:        kube.NewConfigMapInformer(o.Client, o.Namespace, o.ConfigMap, o.Instance, o.Clock, o.Jitter),
		lastValidated:   o.Source.Current().Hash,
		about:           corev1.ObjectReference{APIVersion: "v1", Kind: "ConfigMap", Namespace: o.Namespace, Name: o.ConfigMap},
	}
}

// Run has every change of the ConfigMap validated until ctx ends.
func (f *Follower) Run(ctx context.Context) {
	news := make(chan struct{}, 1)
	notify := func(any) {
		select {
		case news <- struct{}{}:
		default: // it is about to look anyway
		}
	}
	if _, err := f.informer.AddEventHandler(kube.OnChange(notify)); err != nil {
		f.Log.Error("the configuration is not followed: changes need a restart", "configMap", f.ConfigMap, "error", err)
		return
	}
	go f.informer.RunWithContext(ctx)
	if !cache.WaitForCacheSync(ctx.Done(), f.informer.HasSynced) {
		return
	}
	notify(nil) // it may have been deleted since it was read
	f.run(ctx, news)
}

func (f *Follower) run(ctx context.Context, news <-chan struct{}) {
	pauses := backoff.New(firstValidation, lastValidation, f.Jitter)
	var again <-chan time.Time // until what could not be validated is validated again
	for {
		_, moved := f.Role.Leader()
		f.compare(ctx)
		f.emit(ctx)
		select {
		case <-ctx.Done():
			return
		case <-moved: // it may lead now
			continue
		case <-news:
			if !timing.Sleep(ctx, f.Clock, f.Clock.Now().Add(changeSettle), nil) {
				return
			}
		case <-again:
		}
		// Taken before the ConfigMap is: whatever changes from here on is news.
		select {
		case <-news:
		default:
		}
		again = nil
		if err := f.look(ctx); err != nil && ctx.Err() == nil {
			pause := pauses.Next()
			f.Log.Error("a change of the configuration could not be judged, trying again", "configMap", f.ConfigMap, "error", err, "in", pause)
			again = f.Clock.After(pause)
		} else {
			pauses.Reset()
		}
	}
}

// compare says so if the replica that leads has its configuration from another
// ConfigMap, and so is none of this controller's. Its contents may differ for a
// while, as when replicas are replaced one by one; its name tells them apart.
func (f *Follower) compare(ctx context.Context) {
	leader, _ := f.Role.Leader()
	other := lease.ConfigMapOf(leader)
	if other == "" || other == f.ConfigMap || other == f.foreign {
		return
	}
	f.foreign = other
	f.Log.Warn("the leader of this name has its configuration from another ConfigMap: two controllers share a name",
		"name", f.Source.Current().Name, "configMap", f.ConfigMap, "leader", other)
	f.Announcer.Announce(ctx, f.about, true, kube.EventNameShared, fmt.Sprintf(
		"a controller with its configuration from ConfigMap %s leads under the name %s as well: this one, with ConfigMap %s, stands by as if it were a replica of it. Give each controller a name of its own in config.yaml",
		other, f.Source.Current().Name, f.ConfigMap))
}

// look has the ConfigMap validated, unless it was as it is. One that was refused is
// validated again whenever it was listed: what was wrong may have been mended
// elsewhere, such as a Service that did not exist.
func (f *Follower) look(ctx context.Context) error {
	object, _, err := f.informer.GetStore().GetByKey(f.Namespace + "/" + f.ConfigMap)
	there, ok := object.(*corev1.ConfigMap)
	if err != nil || !ok {
		f.lastValidated = ""
		f.refuse([]string{"the ConfigMap does not exist: create it again, or the controller will not start again"})
		return nil //nolint:nilerr // the key is not in the store
	}
	f.about = kube.ConfigMapReference(there)
	text := config.Hash(there.Data)
	if text == f.lastValidated && len(f.refused) == 0 {
		return nil
	}
	change, err := f.Validate(ctx, f.Source.Config(), there.Data)
	if err == nil {
		err = f.take(change)
	}
	var invalid *InvalidError
	if errors.As(err, &invalid) {
		f.refuse(problemsOf(err))
		err = nil
	}
	if err == nil {
		f.lastValidated = text
	}
	return err
}

// problemsOf returns the lines of an error.
func problemsOf(err error) []string {
	var problems config.Problems
	if errors.As(err, &problems) {
		return problems.Lines()
	}
	return strings.Split(err.Error(), "\n")
}

// take has a configuration apply.
func (f *Follower) take(change config.Change) error {
	if err := f.Source.Reconfigure(change.Config); err != nil {
		return &InvalidError{err}
	}
	mended := len(f.refused) > 0
	f.refused, f.pendingEvents = nil, nil
	f.Metrics.ConfigTaken(f.Clock.Now(), change.NeedsRestart())
	applies, waits := change.Applies(), change.Waits()
	if applies == "" && mended {
		applies = "valid again, and as it runs"
	}
	f.Log.Info("configuration reloaded", "configMap", f.ConfigMap, "configHash", change.Config.Hash, "applies", applies)
	if applies != "" {
		f.pendingEvents = append(f.pendingEvents, configEvent{false, kube.EventConfigReloaded, applies})
	}
	if len(waits) > 0 {
		f.Log.Warn("a part of the configuration needs a restart", "configMap", f.ConfigMap, "keys", change.Keys(config.Restart), "waits", waits)
		f.pendingEvents = append(f.pendingEvents, configEvent{true, kube.EventConfigNeedsRestart, strings.Join(waits, "; ")})
	}
	return nil
}

// refuse keeps the configuration of before, and says so once.
func (f *Follower) refuse(problems []string) {
	if strings.Join(problems, "\n") == strings.Join(f.refused, "\n") {
		return
	}
	f.refused = problems
	f.Metrics.ConfigRefused()
	f.Log.Error("configuration refused, the one of before stays", "configMap", f.ConfigMap, "configHash", f.Source.Current().Hash, "problems", problems)
	message := fmt.Sprintf("refused, the configuration of before stays: %s", strings.Join(problems, "; "))
	f.pendingEvents = []configEvent{{true, kube.EventConfigInvalid, message}}
}

// emit writes the events, if this replica leads. Otherwise the leader does; warnings
// are kept, and written if this replica leads next.
func (f *Follower) emit(ctx context.Context) {
	if !f.Role.Leads() {
		f.pendingEvents = slices.DeleteFunc(f.pendingEvents, func(e configEvent) bool { return !e.warning })
		return
	}
	if len(f.pendingEvents) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
	defer cancel()
	for _, e := range f.pendingEvents {
		f.Announcer.Announce(ctx, f.about, e.warning, e.reason, execution.Truncate(e.message, kube.MaxEventMessage))
	}
	f.pendingEvents = nil
}
