package definitions

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// Cache has the NodeCronJobs of the namespace, of all controllers.
type Cache interface {
	// All returns them, sorted by name. The caller does not change them.
	All() []*v1alpha1.NodeCronJob
	// Notify calls f whenever All may have changed.
	Notify(f func()) error
	WaitForSync(ctx context.Context) error
}

// Checker checks the Jobs of a definition.
type Checker interface {
	// CheckJob asks the API server whether it accepts the Job of a node. If it does not,
	// the error is a definition.InvalidError; any other error says that it is not known.
	CheckJob(ctx context.Context, d *definition.Definition) error
}

// Announcer writes events on a best-effort basis.
type Announcer interface {
	Announce(ctx context.Context, about corev1.ObjectReference, warning bool, reason, message string)
}

// Metrics says which NodeCronJobs are accepted. Only the leader's has any.
type Metrics interface {
	DefinitionAccepted(nodeCronJob string, accepted bool)
	ForgetDefinition(nodeCronJob string)
}

// Mirror knows what the NodeCronJob of the controller's name should be, if it is a copy of the
// definition in the ConfigMap.
type Mirror interface {
	// Lags reports whether a NodeCronJob is about to be written: what is in effect of it stays
	// so, and if nothing is, nothing comes into effect. A leader goes neither by the ConfigMap
	// of before, nor by what another client has written.
	Lags(n *v1alpha1.NodeCronJob) bool
	// HasLost reports whether the ConfigMap no longer has the definition that a NodeCronJob is
	// a copy of: nothing is in effect of it.
	HasLost(n *v1alpha1.NodeCronJob) bool
}

// Options are the options of Definitions.
type Options struct {
	Client     kube.Client
	Cache      Cache
	Namespace  string
	Controller string            // the owner in the labels of its NodeCronJobs
	Shared     config.Controller // what the definitions share
	Extensions definition.Extensions
	Mirror     Mirror // nil: no NodeCronJob is a copy of the ConfigMap's definition
	// Applied is called with every definition that is about to apply, or with nil if none
	// does any longer, by the name of its NodeCronJob; may be nil.
	Applied func(name string, now *definition.Definition)
	// Changed is called after a NodeCronJob has appeared, something else is in effect of it,
	// or it is gone. It must not block.
	Changed   func(name string)
	Checker   Checker // nil: Jobs are not checked
	Announcer Announcer
	Metrics   Metrics
	Clock     clock.WithTicker
	Jitter    backoff.Jitter
	Log       *slog.Logger
}

// Definitions has the definitions of a process.
type Definitions struct {
	Options
	news  chan struct{} // wakes Run
	ready chan struct{} // closed when the NodeCronJobs have been read once

	mu      sync.Mutex // guards what follows
	shared  config.Controller
	members map[string]*member
	sources map[string]*definition.Source // also those that are still in use although their NodeCronJobs are gone
	term    *term                         // nil: this replica does not lead
}

// member is a NodeCronJob of this controller.
type member struct {
	object    *v1alpha1.NodeCronJob // as the cache has it; it must not be changed
	source    *definition.Source
	wanted    *spec // the newest
	inEffect  *spec // nil: none
	fallback  *spec // was in effect before, and is again if it turns out that inEffect must not be; nil: none
	verdict   verdict
	applied   *spec // what source has, or is about to have; nil: nothing
	suspended bool  // whether that is suspended
	// What follows is of the term.
	reports []func(*v1alpha1.NodeCronJobStatus) // not written yet
	write   paced
}

// New returns definitions, of which there are none until Run.
func New(o Options) (*Definitions, error) {
	d := &Definitions{
		Options: o, shared: o.Shared, members: map[string]*member{}, sources: map[string]*definition.Source{},
		news: make(chan struct{}, 1), ready: make(chan struct{}),
	}
	if err := o.Cache.Notify(func() { wake(d.news) }); err != nil {
		return nil, fmt.Errorf("definitions: %w", err)
	}
	return d, nil
}

func wake(news chan<- struct{}) {
	select {
	case news <- struct{}{}:
	default: // it is awake already
	}
}

// Get returns the source of a NodeCronJob's definition, or nil if this controller has none
// of the name.
func (d *Definitions) Get(name string) *definition.Source {
	d.mu.Lock()
	defer d.mu.Unlock()
	if m := d.members[name]; m != nil {
		return m.source
	}
	return nil
}

// Source returns the source for a name, also if this controller has no NodeCronJob of that
// name: then it has no definition. One that is created later has the same source.
func (d *Definitions) Source(name string) *definition.Source {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sourceOf(name)
}

// sourceOf is Source for a caller that holds d.mu.
func (d *Definitions) sourceOf(name string) *definition.Source {
	source := d.sources[name]
	if source == nil {
		source = definition.NewSource(name, d.Clock)
		d.sources[name] = source
	}
	return source
}

// Release forgets the source of a NodeCronJob that is gone: nothing is left that uses it. That
// of the controller's name stays: it knows with which NodeCronJob the process began.
func (d *Definitions) Release(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.members[name] == nil && name != d.Controller {
		delete(d.sources, name)
	}
}

// Names returns the names of this controller's NodeCronJobs, sorted.
func (d *Definitions) Names() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.members))
}

// Share replaces what the definitions share.
func (d *Definitions) Share(shared config.Controller) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shared = shared
	for _, m := range d.members {
		again := map[*spec]*spec{}
		for _, s := range []**spec{&m.wanted, &m.inEffect, &m.fallback} {
			if _, ok := again[*s]; !ok {
				again[*s] = d.recompile(*s)
			}
			*s = again[*s]
		}
	}
	wake(d.news)
}

// Run follows the NodeCronJobs until ctx ends. Every replica does.
func (d *Definitions) Run(ctx context.Context) {
	if err := d.Cache.WaitForSync(ctx); err != nil {
		return // ctx has ended
	}
	markReady := sync.OnceFunc(func() { close(d.ready) })
	for {
		for _, step := range d.refresh() {
			step()
		}
		markReady()
		select {
		case <-ctx.Done():
			return
		case <-d.news:
		}
	}
}

// WaitForSync waits until the NodeCronJobs have been read once, or ctx ends.
func (d *Definitions) WaitForSync(ctx context.Context) error {
	select {
	case <-d.ready:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the NodeCronJobs were not read: %w", context.Cause(ctx))
	}
}

// refresh reads the cache, and returns the steps that put what has changed into effect, to be
// done without the lock. A definition that no longer applies ends before another one takes
// its metrics.
func (d *Definitions) refresh() []func() {
	d.mu.Lock()
	defer d.mu.Unlock()
	var ends, applies, tells []func()
	told, ours := map[string]bool{}, d.ours()
	tell := func(m *member) {
		if name := m.object.Name; !told[name] {
			told[name] = true
			tells = append(tells, func() { d.Changed(name) })
		}
	}
	for _, m := range d.sorted() {
		if name := m.object.Name; ours[name] == nil {
			delete(d.members, name)
			ends = append(ends, d.applying(m, nil))
			tells = append(tells, func() { d.Changed(name) })
		}
	}
	for _, name := range slices.Sorted(maps.Keys(ours)) {
		m := d.members[name]
		if m == nil {
			m = &member{object: ours[name], source: d.sourceOf(name)}
			d.members[name] = m
			tell(m)
		}
		d.follow(m, ours[name])
	}
	d.accept()
	for _, m := range d.sorted() {
		switch {
		case !m.outdated():
		case m.inEffect == nil:
			ends = append(ends, d.applying(m, nil))
			tell(m)
		default:
			applies = append(applies, d.applying(m, m.inEffect))
			tell(m)
		}
	}
	if d.term != nil {
		wake(d.term.news)
	}
	return slices.Concat(ends, applies, tells)
}

// outdated reports whether something else applies than what should.
func (m *member) outdated() bool {
	return m.inEffect != m.applied || (m.applied != nil && m.suspended != m.object.Spec.Suspend)
}

// applying returns the step that applies a spec. suspend is always that of the newest spec: a
// person must be able to suspend a definition whatever else is wrong with it. The caller
// holds d.mu.
func (d *Definitions) applying(m *member, s *spec) func() {
	if m.applied == nil && s == nil {
		return func() {}
	}
	m.applied, m.suspended = s, m.object.Spec.Suspend
	var next *definition.Definition
	name, source := m.object.Name, m.source
	if s != nil {
		next = s.definition.WithSuspend(m.suspended)
	}
	return func() {
		if d.Applied != nil {
			d.Applied(name, next)
		}
		source.Set(next)
	}
}
