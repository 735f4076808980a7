package door

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// waiter is an Execution that waits to be opened.
type waiter struct {
	e       *v1alpha1.Execution
	noticed time.Time
	// fresh says that e is as this replica has created, written or read it. Otherwise it is
	// from the cache, or may have changed since, and is read again before it is opened.
	fresh  bool
	cached bool  // the cache has had it
	tried  error // of the last try to open it
	pauses *backoff.Backoff
	again  time.Time           // when to try again
	behind *plan.OpenExecution // that kept it from opening when it was last decided; nil: none did
	// told says that an event has announced that it was not opened in time, although its
	// status cannot be written.
	told bool
	// stops is the UID of the open execution that this replica has stopped for it, or has
	// tried to.
	stops string
}

// line has the Executions that wait, the next one to be opened first. Only one goroutine
// uses it.
type line struct {
	waiters []*waiter
	// settled are Executions that wait no more. The cache may still show that they do.
	settled map[types.UID]bool
}

func newLine() *line { return &line{settled: map[types.UID]bool{}} }

// add adds an Execution that waits, or replaces what is known of it.
func (l *line) add(e *v1alpha1.Execution, now time.Time, fresh bool) {
	delete(l.settled, e.UID)
	if w := l.waiter(e.UID); w != nil {
		w.e, w.fresh = e, fresh
		return
	}
	l.waiters = append(l.waiters, &waiter{e: e, noticed: now, fresh: fresh})
	slices.SortStableFunc(l.waiters, func(a, b *waiter) int { return record.ByAge(a.e, b.e) })
}

// settle removes an Execution: it is opened, rejected or gone.
func (l *line) settle(uid types.UID) {
	l.waiters = slices.DeleteFunc(l.waiters, func(w *waiter) bool { return w.e.UID == uid })
	l.settled[uid] = true
}

func (l *line) waiter(uid types.UID) *waiter {
	if i := slices.IndexFunc(l.waiters, func(w *waiter) bool { return w.e.UID == uid }); i >= 0 {
		return l.waiters[i]
	}
	return nil
}

// isAside reports whether others go first: it will never open, but its status cannot be
// written. One that was begun keeps others from opening in any case.
func (d *Door) isAside(w *waiter) bool { return w.told && !d.isBegun(w) }

// isBegun reports whether an Execution has an entry.
func (d *Door) isBegun(w *waiter) bool {
	_, begun := d.Opener.State.State().Entry(string(w.e.UID))
	return begun
}

// first returns the Execution to decide about: the one that was begun, or the oldest; nil: there
// is none.
func (d *Door) first() (first *waiter) {
	for _, w := range d.line.waiters {
		switch {
		case d.isBegun(w):
			return w
		case first == nil && !w.told:
			first = w
		}
	}
	return first
}

// executions returns those that wait.
func (l *line) executions() []*v1alpha1.Execution {
	all := make([]*v1alpha1.Execution, len(l.waiters))
	for i, w := range l.waiters {
		all[i] = w.e
	}
	return all
}

// scan looks for news in the cache, which may lag: an Execution is read before it is opened.
func (d *Door) scan() {
	if d.NodeCronJob.Cached() == Foreign {
		d.line.waiters = slices.DeleteFunc(d.line.waiters, func(w *waiter) bool { return !d.isBegun(w) })
		return
	}
	now, there := d.Opener.Clock.Now(), map[types.UID]bool{}
	for _, e := range d.Executions.ExecutionsOf(d.Name) {
		there[e.UID] = true
		w := d.line.waiter(e.UID)
		switch {
		case !d.Opener.Records.MayTake(e), d.line.settled[e.UID], d.isHeld(e.UID):
		case w == nil && record.IsWaiting(e):
			d.line.add(e, now, false)
		case w == nil && (e.Status.Phase == v1alpha1.Open || e.Status.Phase == v1alpha1.Closing): // another leader has opened it
			d.hold(hold{Entry: record.EntryOf(e, execution.ID(e.Status.ExecutionID))})
		case w != nil:
			w.cached = true
			if !record.IsWaiting(e) || e.Generation > w.e.Generation || (e.DeletionTimestamp != nil && w.e.DeletionTimestamp == nil) {
				w.fresh, w.again = false, time.Time{}
			}
		}
	}
	for _, w := range d.line.waiters {
		if w.cached && !there[w.e.UID] {
			w.fresh, w.again, w.cached = false, time.Time{}, false
		}
	}
	for uid := range d.line.settled {
		if !there[uid] {
			delete(d.line.settled, uid)
		}
	}
}

// waitingOf returns what decides about an Execution.
func (d *Door) waitingOf(w *waiter) plan.Waiting {
	e, firing := w.e, record.FiringOf(w.e)
	of := plan.Waiting{
		Name: e.Name, UID: string(e.UID), Definition: e.Spec.NodeCronJobName, Trigger: firing.Trigger, Scheduled: firing.Scheduled,
		Noticed: w.noticed, Queued: e.Status.Phase == v1alpha1.Queued, Cancel: plan.Cancel(e.Spec.Cancel),
	}
	if firing.Trigger == execution.Manual {
		// Those of a tick and of runOnStartup begin within startingDeadline of when they were
		// due, even if they were created later.
		of.Created = e.CreationTimestamp.Time
	}
	if d.source.Latest().ConcurrencyPolicy == plan.ReplaceConcurrent {
		of.HeldUp = d.heldUpUntil()
	}
	return of
}

// definitionDoor returns what of the definition decides about its Executions.
func (d *Door) definitionDoor() plan.Door {
	return plan.Door{Known: d.NodeCronJob.Cached() == Present, Accepted: d.source.Current() != nil, Policy: d.source.Latest().ConcurrencyPolicy}
}

// doorOf returns what decides whether an Execution may be opened, but for those behind it.
func (d *Door) doorOf(w *waiter) plan.Door {
	def, ticks, of := d.source.Latest(), d.ticker.Ticks(), d.definitionDoor()
	of.Deadline, of.StartupDelay = def.Deadline(d.Opener.Clock.Now()), def.StartupDelay
	of.Passed, of.PassedFor, of.Opened = ticks.Last, ticks.Execution, ticks.Opened
	of.HasEntry, of.LastError = d.isBegun(w), w.tried
	if h := d.blocking(w.e.UID); h != nil {
		of.Open = d.openOf(*h)
		if !h.settled() {
			of.Policy = plan.QueueConcurrent // until it is known
		}
	}
	return of
}
