package follow

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
	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// Validate decides how a ConfigMap with data changes the running configuration. A person
// has to correct a definition.InvalidError; after any other error, Validate is called again.
type Validate func(ctx context.Context, running config.Config, data map[string]string) (config.Change, error)

const (
	// changeSettle is how long changes of the ConfigMap are collected, so that one that is
	// deleted and created again does not count as missing.
	changeSettle = time.Second
	// The pause after a failed validation doubles from the first to the last.
	firstValidation, lastValidation = 500 * time.Millisecond, 15 * time.Second
)

// Running is the configuration that applies.
type Running interface {
	Config() config.Config
	// Reconfigure replaces it by one that Validate has accepted.
	Reconfigure(next config.Config)
}

// Role is the role of this replica.
type Role interface {
	// Leads reports whether this replica leads.
	Leads() bool
	// Leader returns the identity of another replica that leads, or nothing. The
	// channel is closed when that or Leads changes.
	Leader() (identity string, moved <-chan struct{})
}

// Metrics counts changed configurations.
type Metrics interface {
	ConfigTaken(at time.Time, needsRestart bool)
	ConfigRefused()
}

// Options are the options of a Follower.
type Options struct {
	Running   Running
	Client    kube.Client
	Namespace string
	ConfigMap string // that has the configuration
	Instance  string // this replica
	Validate  Validate
	Role      Role
	Announcer *kube.Announcer
	Metrics   Metrics
	Clock     clock.WithTicker
	Jitter    backoff.Jitter
	Log       *slog.Logger
}

// Follower applies changes of the ConfigMap. Every replica has one; the
// leader's also writes events.
type Follower struct {
	Options
	informer      cache.SharedIndexInformer
	lastValidated string   // hash of the ConfigMap; empty: there was none
	refused       []string // what is wrong with that ConfigMap
	about         corev1.ObjectReference
	pendingEvents []configEvent
	foreign       string // the leader's ConfigMap that an event has announced
}

type configEvent struct {
	warning         bool
	reason, message string
}

// New returns a follower.
func New(o Options) *Follower {
	return &Follower{
		Options:       o,
		informer:      kube.NewConfigMapInformer(o.Client, o.Namespace, o.ConfigMap, o.Instance, o.Clock, o.Jitter),
		lastValidated: o.Running.Config().Hash,
		about:         corev1.ObjectReference{APIVersion: "v1", Kind: "ConfigMap", Namespace: o.Namespace, Name: o.ConfigMap},
	}
}

// Run follows the ConfigMap until ctx ends.
func (f *Follower) Run(ctx context.Context) {
	news := make(chan struct{}, 1)
	notify := func(any) {
		select {
		case news <- struct{}{}:
		default: // run is awake already
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
	notify(nil) // the ConfigMap may have been deleted since it was read
	f.run(ctx, news)
}

func (f *Follower) run(ctx context.Context, news <-chan struct{}) {
	pauses := backoff.New(firstValidation, lastValidation, f.Jitter)
	var again <-chan time.Time // after a failed validation
	for {
		_, moved := f.Role.Leader()
		f.compare(ctx)
		f.emit(ctx)
		select {
		case <-ctx.Done():
			return
		case <-moved: // this replica may lead now
			continue
		case <-news:
			if !timing.Sleep(ctx, f.Clock, f.Clock.Now().Add(changeSettle), nil) {
				return
			}
		case <-again:
		}
		// Drained before the ConfigMap is read, so that each later change is news.
		select {
		case <-news:
		default:
		}
		again = nil
		if err := f.look(ctx); err != nil && ctx.Err() == nil {
			pause := pauses.Next()
			f.Log.Error("a change of the configuration could not be validated, trying again", "configMap", f.ConfigMap, "error", err, "in", pause)
			again = f.Clock.After(pause)
		} else {
			pauses.Reset()
		}
	}
}

// compare announces a leader that has its configuration from another ConfigMap, and so
// belongs to another controller. It compares the names: contents may also differ for a
// while when replicas of one controller are replaced one by one.
func (f *Follower) compare(ctx context.Context) {
	leader, _ := f.Role.Leader()
	other := lease.ConfigMapOf(leader)
	if other == "" || other == f.ConfigMap || other == f.foreign {
		return
	}
	f.foreign = other
	f.Log.Warn("the leader of this name has its configuration from another ConfigMap: two controllers share a name",
		"name", f.Running.Config().Name, "configMap", f.ConfigMap, "leader", other)
	f.Announcer.Announce(ctx, f.about, true, kube.EventNameShared, fmt.Sprintf(
		"a controller with its configuration from ConfigMap %s leads under the name %s as well: this one, with ConfigMap %s, stands by as if it were a replica of it. Give each controller a name of its own in config.yaml",
		other, f.Running.Config().Name, f.ConfigMap))
}

// look validates the ConfigMap, unless it is unchanged. An invalid ConfigMap is validated
// again after each relist: the fault may have been corrected elsewhere, for example by
// creating a missing Service.
func (f *Follower) look(ctx context.Context) error {
	object, _, err := f.informer.GetStore().GetByKey(f.Namespace + "/" + f.ConfigMap)
	current, ok := object.(*corev1.ConfigMap)
	if err != nil || !ok {
		f.lastValidated = ""
		f.refuse([]string{"the ConfigMap does not exist: create it again, or the controller will not start again"})
		return nil //nolint:nilerr // the key is not in the store
	}
	f.about = kube.ConfigMapReference(current)
	hash := config.Hash(current.Data)
	if hash == f.lastValidated && len(f.refused) == 0 {
		return nil
	}
	change, err := f.Validate(ctx, f.Running.Config(), current.Data)
	var invalid *definition.InvalidError
	switch {
	case errors.As(err, &invalid):
		f.refuse(problemsOf(err))
	case err != nil:
		return err
	default:
		f.take(change)
	}
	f.lastValidated = hash
	return nil
}

// problemsOf returns the lines of an error.
func problemsOf(err error) []string {
	var problems config.Problems
	if errors.As(err, &problems) {
		return problems.Lines()
	}
	return strings.Split(err.Error(), "\n")
}

// take applies a valid configuration.
func (f *Follower) take(change config.Change) {
	f.Running.Reconfigure(change.Config)
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
}

// refuse keeps the configuration of before, and announces that once.
func (f *Follower) refuse(problems []string) {
	if strings.Join(problems, "\n") == strings.Join(f.refused, "\n") {
		return
	}
	f.refused = problems
	f.Metrics.ConfigRefused()
	f.Log.Error("configuration refused, the one of before stays", "configMap", f.ConfigMap, "configHash", f.Running.Config().Hash, "problems", problems)
	message := fmt.Sprintf("refused, the configuration of before stays: %s", strings.Join(problems, "; "))
	f.pendingEvents = []configEvent{{true, kube.EventConfigInvalid, message}}
}

// emit writes the pending events, if this replica leads. Otherwise the leader writes its
// own, and this replica keeps only warnings, in case it leads next.
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
