package definitions

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

const (
	// settle is how long changes of a status are collected: of 50 definitions with the
	// ticks of one minute, and of what follows at once.
	settle = time.Second
	// The pause after a failed write doubles from the first to the last.
	firstPause, lastPause = time.Second, 15 * time.Second
)

// term is a time in which this replica leads.
type term struct {
	*Definitions
	fence    lease.Fence
	news     chan struct{}
	checks   int                // that run; guarded by Definitions.mu
	adopting map[string]*taking // by the names of NodeCronJobs without an owner
	measured map[string]bool    // the NodeCronJobs that have a metric
}

// paced is when a step is due that may fail.
type paced struct {
	due    time.Time // zero: it is not
	pauses *backoff.Backoff
}

// failed makes the step due after a pause.
func (p *paced) failed(now time.Time, jitter backoff.Jitter) {
	if p.pauses == nil {
		p.pauses = backoff.New(firstPause, lastPause, jitter)
	}
	p.due = now.Add(p.pauses.Next())
}

// StartTerm begins a term of this replica: from now on, what is reported is kept, and written
// by lead, which does what only the leader does until its ctx ends with the term.
func (d *Definitions) StartTerm(fence lease.Fence) (lead func(ctx context.Context)) {
	t := &term{Definitions: d, fence: fence, news: make(chan struct{}, 1), adopting: map[string]*taking{}, measured: map[string]bool{}}
	d.setTerm(t)
	return t.lead
}

func (t *term) lead(ctx context.Context) {
	defer t.end()
	if t.WaitForSync(ctx) != nil {
		return // ctx has ended
	}
	var checks sync.WaitGroup
	defer checks.Wait()
	for {
		t.measure()
		t.startChecks(ctx, &checks)
		next := timing.Earliest(t.adopt(ctx), t.writeStatuses(ctx))
		if !timing.Sleep(ctx, t.Clock, next, t.news) {
			return
		}
	}
}

// setTerm begins a term, or ends it. What the leader knew is not for the next term.
func (d *Definitions) setTerm(t *term) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.term = t
	for _, m := range d.members {
		m.reports, m.write = nil, paced{}
	}
	wake(d.news) // what is undecided depends on it
}

func (t *term) end() {
	t.setTerm(nil)
	for name := range t.measured {
		t.Metrics.ForgetDefinition(name)
	}
}

// sorted returns the members by name. The caller holds the lock.
func (d *Definitions) sorted() []*member {
	return slices.SortedFunc(maps.Values(d.members), func(a, b *member) int { return cmp.Compare(a.object.Name, b.object.Name) })
}

// measure shows which NodeCronJobs are accepted.
func (t *term) measure() {
	t.mu.Lock()
	all := make(map[string]Facts, len(t.members))
	for name, m := range t.members {
		all[name] = t.facts(m)
	}
	t.mu.Unlock()
	for name, f := range all {
		if f.Generation > 0 {
			t.measured[name] = true
			t.Metrics.DefinitionAccepted(name, f.Reason == v1alpha1.ReasonValid)
		}
	}
	for name := range t.measured {
		if _, ok := all[name]; !ok {
			delete(t.measured, name)
			t.Metrics.ForgetDefinition(name)
		}
	}
}
