package mirror

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

const (
	// The pause after a write or a failure doubles from the first to the last: a client that
	// writes something else again and again is not answered faster than that.
	firstPause, lastPause = 500 * time.Millisecond, 15 * time.Second
	// calm is how long the NodeCronJob has to stay as it is until pauses are short again. It
	// is also the shortest time between two events about changes that were undone.
	calm = time.Minute
)

// Cache has the NodeCronJobs of the namespace.
type Cache interface {
	// All returns them. The caller does not change them.
	All() []*v1alpha1.NodeCronJob
	// Notify calls f whenever All may have changed.
	Notify(f func()) error
	WaitForSync(ctx context.Context) error
}

// Executions knows the executions of this controller.
type Executions interface {
	// IsOpen reports whether an execution of a NodeCronJob is open or about to open.
	IsOpen(nodeCronJob string) bool
}

// Announcer writes events on a best-effort basis.
type Announcer interface {
	Announce(ctx context.Context, about corev1.ObjectReference, warning bool, reason, message string)
}

// Metrics says whether the definition of the ConfigMap has its NodeCronJob.
type Metrics interface {
	ConfigMirrored(mirrored bool)
}

// Options are the options of a Mirror.
type Options struct {
	Client     kube.Client
	Cache      Cache
	Executions Executions
	Announcer  Announcer
	Metrics    Metrics
	Namespace  string
	ConfigMap  string        // that has the configuration
	Initial    config.Config // that the process begins with
	Clock      clock.WithTicker
	Jitter     backoff.Jitter
	Log        *slog.Logger
}

// Mirror keeps the NodeCronJob of the ConfigMap's definition.
type Mirror struct {
	Options
	wanted atomic.Pointer[Wanted]
	news   chan struct{} // wakes Run
}

// New returns a mirror of the initial configuration. It writes nothing until Run.
func New(o Options) (*Mirror, error) {
	m := &Mirror{Options: o, news: make(chan struct{}, 1)}
	m.Want(o.Initial)
	if err := o.Cache.Notify(m.wake); err != nil {
		return nil, fmt.Errorf("mirror: %w", err)
	}
	return m, nil
}

// Want replaces the configuration of which the definition is mirrored, by one that is valid.
// Every replica is told, as each may lead next.
func (m *Mirror) Want(cfg config.Config) {
	w := WantedOf(cfg, m.ConfigMap)
	m.wanted.Store(&w)
	m.wake()
}

// Lags reports whether a NodeCronJob is not as the ConfigMap has it, so that the leader is about
// to write it.
func (m *Mirror) Lags(n *v1alpha1.NodeCronJob) bool {
	do := Decide(*m.wanted.Load(), n, true).Do
	return do == Update || do == Restore
}

// HasLost reports whether a NodeCronJob is a copy of what the ConfigMap no longer has, so that the
// leader is about to delete it.
func (m *Mirror) HasLost(n *v1alpha1.NodeCronJob) bool {
	w := m.wanted.Load()
	source, fromConfigMap := configMapOf(n)
	return w.Spec == nil && fromConfigMap && source == w.ConfigMap
}

func (m *Mirror) wake() {
	select {
	case m.news <- struct{}{}:
	default: // it is awake already
	}
}

// Run keeps the NodeCronJob until ctx ends. Only the leader does.
func (m *Mirror) Run(ctx context.Context, fence lease.Fence) {
	if err := m.Cache.WaitForSync(ctx); err != nil {
		return // ctx has ended
	}
	defer m.Metrics.ConfigMirrored(true) // it is for the next leader to say
	t := &term{Mirror: m, fence: fence, pauses: backoff.New(firstPause, lastPause, m.Jitter)}
	for timing.Sleep(ctx, m.Clock, t.look(ctx), m.news) {
	}
}

// term is a time in which this replica leads. It is for one goroutine.
type term struct {
	*Mirror
	fence  lease.Fence
	wants  *Wanted // since the pauses were short
	pauses *backoff.Backoff
	due    time.Time // when the next write may be
	wrote  time.Time // the last one

	taken    types.UID // of the NodeCronJob that has the name
	problem  string    // that an event has announced; empty: there is none
	restored time.Time // when an event last said so
}

// look writes the NodeCronJob if it is not as it should be, and returns when to look again.
// The zero time means when there is news, and now and then: that an execution has closed is
// none.
func (t *term) look(ctx context.Context) (again time.Time) {
	if w := t.wanted.Load(); w != t.wants { // a changed ConfigMap is not what the pauses are against
		t.wants, t.due = w, time.Time{}
		t.pauses.Reset()
	}
	now := t.Clock.Now()
	if now.Before(t.due) {
		return t.due
	}
	w := *t.wants
	found := t.cached(w.Name)
	switch Decide(w, found, t.Executions.IsOpen(w.Name)).Do {
	case Nothing:
		if now.Sub(t.wrote) >= calm {
			t.pauses.Reset()
		}
		t.solved()
		return time.Time{}
	case NameTaken:
		if found.UID == t.taken {
			return time.Time{}
		}
	}
	did, err := t.write(ctx, w)
	if ctx.Err() != nil {
		return time.Time{}
	}
	t.tell(ctx, w, did, err)
	if err == nil && (did.Do == Nothing || did.Do == NameTaken) {
		return time.Time{} // the cache was behind, or there is nothing to write
	}
	t.wrote = t.Clock.Now()
	t.due = t.wrote.Add(t.pauses.Next())
	return t.due
}

// cached returns the NodeCronJob as the cache has it, or nil.
func (t *term) cached(name string) *v1alpha1.NodeCronJob {
	for _, n := range t.Cache.All() {
		if n.Name == name {
			return n
		}
	}
	return nil
}
