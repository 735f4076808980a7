package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
)

// JudgeConfig decides what becomes of the configuration that runs now that the
// ConfigMap holds data. An InvalidConfigError is for people to mend; after any
// other error it is asked again.
type JudgeConfig func(ctx context.Context, running config.Config, data map[string]string) (config.Change, error)

// InvalidConfigError is what is wrong with a configuration.
type InvalidConfigError struct{ Err error }

func (e *InvalidConfigError) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong.
func (e *InvalidConfigError) Unwrap() error { return e.Err }

const (
	// reloadSettle is how long changes of the ConfigMap are collected: one that is
	// replaced is deleted first, and is not gone for that.
	reloadSettle = time.Second
	// reloadFirstRetry is the pause before a configuration is judged again that
	// could not be, and doubles up to reloadRetry.
	reloadFirstRetry = 500 * time.Millisecond
	// reloadRetry is the longest pause before a configuration is judged again that
	// could not be.
	reloadRetry = 15 * time.Second
)

// follower keeps the configuration as the ConfigMap has it. Every replica has
// one; the leader's also writes events.
type follower struct {
	*Controller
	informer cache.SharedIndexInformer
	judged   string   // the hash of what was judged last; empty: there was nothing
	refused  []string // what is wrong with it
	about    corev1.ObjectReference
	untold   []configEvent
	foreign  string // the ConfigMap of the leader that it was said of
}

type configEvent struct {
	warning         bool
	reason, message string
}

// followConfig has every change of the ConfigMap judged until ctx ends.
func (c *Controller) followConfig(ctx context.Context) {
	f := &follower{
		Controller: c,
		informer:   kube.NewConfigMapInformer(c.Client, c.Namespace, c.ConfigMap, c.Instance, c.Clock, c.Jitter),
		judged:     c.config().Hash,
		about:      corev1.ObjectReference{APIVersion: "v1", Kind: "ConfigMap", Namespace: c.Namespace, Name: c.ConfigMap},
	}
	news := make(chan struct{}, 1)
	notify := func(any) {
		select {
		case news <- struct{}{}:
		default: // it is about to look anyway
		}
	}
	if _, err := f.informer.AddEventHandler(kube.OnChange(notify)); err != nil {
		c.Log.Error("the configuration is not followed: changes need a restart", "configMap", c.ConfigMap, "error", err)
		return
	}
	go f.informer.RunWithContext(ctx)
	if !cache.WaitForCacheSync(ctx.Done(), f.informer.HasSynced) {
		return
	}
	notify(nil) // it may have been deleted since it was read
	f.run(ctx, news)
}

func (f *follower) run(ctx context.Context, news <-chan struct{}) {
	pauses := backoff.New(reloadFirstRetry, reloadRetry, f.Jitter)
	var again <-chan time.Time // until what could not be judged is judged again
	for {
		_, _, moved := f.Callbacks()
		f.compare(ctx)
		f.tell(ctx)
		select {
		case <-ctx.Done():
			return
		case <-moved: // it may lead now
			continue
		case <-news:
			if !f.sleepUntil(ctx, f.Clock.Now().Add(reloadSettle), nil) {
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
func (f *follower) compare(ctx context.Context) {
	f.mu.Lock()
	other := lease.ConfigMapOf(f.holder)
	f.mu.Unlock()
	if other == "" || other == f.ConfigMap || other == f.foreign {
		return
	}
	f.foreign = other
	f.Log.Warn("the leader of this name has its configuration from another ConfigMap: two controllers share a name",
		"name", f.config().Name, "configMap", f.ConfigMap, "leader", other)
	ctx, cancel := context.WithTimeout(ctx, eventTimeout)
	defer cancel()
	f.announce(ctx, f.about, true, kube.EventNameShared, fmt.Sprintf(
		"a controller with its configuration from ConfigMap %s leads under the name %s as well: this one, with ConfigMap %s, stands by as if it were a replica of it. Give each controller a name of its own in config.yaml",
		other, f.config().Name, f.ConfigMap))
}

// look has the ConfigMap judged, unless it was as it is. One that was refused is
// judged again whenever it was listed: what was wrong may have been mended
// elsewhere, such as a Service that did not exist.
func (f *follower) look(ctx context.Context) error {
	object, _, err := f.informer.GetStore().GetByKey(f.Namespace + "/" + f.ConfigMap)
	there, ok := object.(*corev1.ConfigMap)
	if err != nil || !ok {
		f.judged = ""
		f.refuse([]string{"the ConfigMap does not exist: create it again, or the controller will not start again"})
		return nil //nolint:nilerr // the key is not in the store
	}
	f.about = kube.ConfigMapReference(there)
	text := config.Hash(there.Data)
	if text == f.judged && len(f.refused) == 0 {
		return nil
	}
	change, err := f.Judge(ctx, f.Config(), there.Data)
	if err == nil {
		err = f.take(change)
	}
	var invalid *InvalidConfigError
	if errors.As(err, &invalid) {
		f.refuse(problemsOf(err))
		err = nil
	}
	if err == nil {
		f.judged = text
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
func (f *follower) take(change config.Change) error {
	if err := f.Reconfigure(change.Config); err != nil {
		return &InvalidConfigError{err}
	}
	mended := len(f.refused) > 0
	f.refused, f.untold = nil, nil
	f.Metrics.ConfigTaken(f.Clock.Now(), change.NeedsRestart())
	applies, waits := change.Applies(), change.Waits()
	if applies == "" && mended {
		applies = "valid again, and as it runs"
	}
	f.Log.Info("configuration reloaded", "configMap", f.ConfigMap, "configHash", change.Config.Hash, "applies", applies)
	if applies != "" {
		f.untold = append(f.untold, configEvent{false, kube.EventConfigReloaded, applies})
	}
	if len(waits) > 0 {
		f.Log.Warn("a part of the configuration needs a restart", "configMap", f.ConfigMap, "keys", change.Keys(config.Restart), "waits", waits)
		f.untold = append(f.untold, configEvent{true, kube.EventConfigNeedsRestart, strings.Join(waits, "; ")})
	}
	return nil
}

// refuse keeps the configuration of before, and says so once.
func (f *follower) refuse(problems []string) {
	if strings.Join(problems, "\n") == strings.Join(f.refused, "\n") {
		return
	}
	f.refused = problems
	f.Metrics.ConfigRefused()
	f.Log.Error("configuration refused, the one of before stays", "configMap", f.ConfigMap, "configHash", f.config().Hash, "problems", problems)
	message := fmt.Sprintf("refused, the configuration of before stays: %s", strings.Join(problems, "; "))
	f.untold = []configEvent{{true, kube.EventConfigInvalid, message}}
}

// tell writes the events, if this replica leads. Otherwise the leader does; what
// still needs somebody's attention is told again by the next one.
func (f *follower) tell(ctx context.Context) {
	if !f.leads() {
		f.untold = slices.DeleteFunc(f.untold, func(e configEvent) bool { return !e.warning })
		return
	}
	if len(f.untold) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	for _, e := range f.untold {
		f.announce(ctx, f.about, e.warning, e.reason, execution.Truncate(e.message, kube.MaxEventMessage))
	}
	f.untold = nil
}
