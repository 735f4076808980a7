package queue

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

// door has the Executions that wait, the next one to be opened first. Only one goroutine
// uses it.
type door struct {
	waiters []*waiter
	// settled are Executions that wait no more. The cache may still show that they do.
	settled map[types.UID]bool
}

func newDoor() *door { return &door{settled: map[types.UID]bool{}} }

// add adds an Execution that waits, or replaces what is known of it.
func (d *door) add(e *v1alpha1.Execution, now time.Time, fresh bool) {
	delete(d.settled, e.UID)
	if w := d.waiter(e.UID); w != nil {
		w.e, w.fresh = e, fresh
		return
	}
	d.waiters = append(d.waiters, &waiter{e: e, noticed: now, fresh: fresh})
	slices.SortStableFunc(d.waiters, func(a, b *waiter) int { return record.ByAge(a.e, b.e) })
}

// settle removes an Execution: it is opened, rejected or gone.
func (d *door) settle(uid types.UID) {
	d.waiters = slices.DeleteFunc(d.waiters, func(w *waiter) bool { return w.e.UID == uid })
	d.settled[uid] = true
}

func (d *door) waiter(uid types.UID) *waiter {
	if i := slices.IndexFunc(d.waiters, func(w *waiter) bool { return w.e.UID == uid }); i >= 0 {
		return d.waiters[i]
	}
	return nil
}

// isAside reports whether others go first: it will never open, but its status cannot be
// written. One that was begun keeps others from opening in any case.
func (q *Queue) isAside(w *waiter) bool { return w.told && !q.isBegun(w) }

// isBegun reports whether an Execution has an entry.
func (q *Queue) isBegun(w *waiter) bool {
	_, begun := q.Opener.State.State().Entry(string(w.e.UID))
	return begun
}

// first returns the Execution to decide about: the one that was begun, or the oldest; nil: there
// is none.
func (q *Queue) first() (first *waiter) {
	for _, w := range q.door.waiters {
		switch {
		case q.isBegun(w):
			return w
		case first == nil && !w.told:
			first = w
		}
	}
	return first
}

// executions returns those that wait.
func (d *door) executions() []*v1alpha1.Execution {
	all := make([]*v1alpha1.Execution, len(d.waiters))
	for i, w := range d.waiters {
		all[i] = w.e
	}
	return all
}

// scan looks for news in the cache, which may lag: an Execution is read before it is opened.
func (q *Queue) scan() {
	if q.NodeCronJob.Cached() == Foreign {
		q.door.waiters = slices.DeleteFunc(q.door.waiters, func(w *waiter) bool { return !q.isBegun(w) })
		return
	}
	now, there := q.Opener.Clock.Now(), map[types.UID]bool{}
	for _, e := range q.Executions.ExecutionsOf(q.Name) {
		there[e.UID] = true
		w := q.door.waiter(e.UID)
		switch {
		case !q.Opener.Records.MayTake(e), q.door.settled[e.UID], q.isHeld(e.UID):
		case w == nil && record.IsWaiting(e):
			q.door.add(e, now, false)
		case w == nil && (e.Status.Phase == v1alpha1.Open || e.Status.Phase == v1alpha1.Closing): // another leader has opened it
			q.hold(hold{Entry: entryOf(e, execution.ID(e.Status.ExecutionID))})
		case w != nil:
			w.cached = true
			if !record.IsWaiting(e) || e.Generation > w.e.Generation || (e.DeletionTimestamp != nil && w.e.DeletionTimestamp == nil) {
				w.fresh, w.again = false, time.Time{}
			}
		}
	}
	for _, w := range q.door.waiters {
		if w.cached && !there[w.e.UID] {
			w.fresh, w.again, w.cached = false, time.Time{}, false
		}
	}
	for uid := range q.door.settled {
		if !there[uid] {
			delete(q.door.settled, uid)
		}
	}
}

// waitingOf returns what decides about an Execution.
func (q *Queue) waitingOf(w *waiter) plan.Waiting {
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
	if q.Definition().ConcurrencyPolicy == plan.ReplaceConcurrent {
		of.HeldUp = q.heldUpUntil()
	}
	return of
}

// definitionDoor returns what of the definition decides about its Executions.
func (q *Queue) definitionDoor() plan.Door {
	return plan.Door{Known: q.NodeCronJob.Cached() == Present, Accepted: q.source.Current() != nil, Policy: q.Definition().ConcurrencyPolicy}
}

// doorOf returns what decides whether an Execution may be opened, but for those behind it.
func (q *Queue) doorOf(w *waiter) plan.Door {
	d, ticks, of := q.Definition(), q.ticker.Ticks(), q.definitionDoor()
	of.Deadline, of.StartupDelay = d.Deadline(q.Opener.Clock.Now()), d.StartupDelay
	of.Passed, of.PassedFor, of.Opened = ticks.Last, ticks.Execution, ticks.Opened
	of.HasEntry, of.LastError = q.isBegun(w), w.tried
	if h := q.blocking(w.e.UID); h != nil {
		of.Open = q.openOf(*h)
		if !h.settled() {
			of.Policy = plan.QueueConcurrent // until it is known
		}
	}
	return of
}
