package queue

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// keepDoor creates the Executions of ticks, and opens or rejects those that wait, one after the
// other, until ctx ends, or the NodeCronJob is gone and nothing is left to do.
func (q *Queue) keepDoor(ctx context.Context, fence lease.Fence) {
	for ctx.Err() == nil {
		again, sleep := q.step(ctx, fence)
		q.Metrics.SetQueued(len(q.door.waiters))
		q.tellStatus(q.nextTick)
		if q.isUnused() {
			gone, look := q.retire(ctx, fence)
			if gone {
				return
			}
			again = earliest(again, look)
		}
		if sleep && !timing.Sleep(ctx, q.Opener.Clock, again, q.wake) {
			return
		}
	}
}

// step does what can be done now. It returns when there is more to do, unless that is now.
func (q *Queue) step(ctx context.Context, fence lease.Fence) (again time.Time, sleep bool) {
	q.scan()
	q.restoreResults()
	if q.Opener.State.State().Restoring {
		q.save(ctx, fence) // before there are more Executions, each of which would be changed
	}
	again = q.look(ctx)
	again = earliest(again, q.decideAll(ctx, fence))
	if ctx.Err() != nil {
		return again, false
	}
	var next time.Time
	if q.source.Current() != nil {
		var e *v1alpha1.Execution
		if e, next = q.ticker.Tick(ctx, fence, q.tickDoor()); ctx.Err() != nil {
			return again, false
		}
		if e != nil {
			q.created(e)
			return again, false
		}
	}
	q.nextTick = next
	return earliest(earliest(again, next), q.save(ctx, fence)), true
}

// decideAll opens or rejects Executions until one has to wait. It returns when to go on.
func (q *Queue) decideAll(ctx context.Context, fence lease.Fence) (again time.Time) {
	for w := q.first(); w != nil && ctx.Err() == nil; w = q.first() {
		decided, later := q.decide(ctx, fence, w)
		if !decided {
			again = later
			break
		}
	}
	for _, w := range slices.Clone(q.door.waiters) {
		if ctx.Err() == nil && q.isAside(w) {
			_, later := q.decide(ctx, fence, w)
			again = earliest(again, later)
		}
	}
	return earliest(again, q.lineUp(ctx, fence))
}

// created notes the Execution of a tick. It may be one that another leader created and opened.
func (q *Queue) created(e *v1alpha1.Execution) {
	if record.IsWaiting(e) {
		q.door.add(e, q.Opener.Clock.Now(), true)
		return
	}
	if !q.isHeld(e.UID) {
		q.hold(hold{Entry: entryOf(e, execution.ID(e.Status.ExecutionID))})
	}
	q.ticker.Passed(e)
}

// tickDoor returns what decides whether a tick gets an Execution.
func (q *Queue) tickDoor() definition.Door {
	of := definition.Door{Door: q.definitionDoor()}
	first := q.first()
	if first != nil {
		of.LastError = first.tried
	}
	switch h := q.blocking(""); {
	case h == nil:
		of.Trying = first != nil
	case !h.settled():
		of.Trying = true
	default:
		of.Open, of.ID, of.About = q.openOf(*h), h.ID, h.about
		of.Trying = first != nil && !q.areLinedUp(first)
	}
	return of
}

// decide opens or rejects the first Execution that waits. If it has to wait, decide returns
// until when; zero: until there is news.
func (q *Queue) decide(ctx context.Context, fence lease.Fence, w *waiter) (decided bool, again time.Time) {
	if q.Opener.Clock.Now().Before(w.again) {
		return false, w.again
	}
	q.noteStop(ctx, w)
	if gone, err := q.freshen(ctx, fence, w); gone || err != nil {
		return gone, q.failed(w, err)
	}
	door := q.doorOf(w)
	if door.Policy == plan.ReplaceConcurrent {
		newer, err := q.countNewer(ctx, w)
		if err != nil {
			return false, q.failed(w, err)
		}
		door.NewerWaiting = newer
	}
	w.behind = door.Open
	switch decision := plan.Decide(q.waitingOf(w), door, q.Opener.Clock.Now()); decision.Do {
	case plan.MoveOpen:
		return q.open(ctx, fence, w)
	case plan.MoveReject:
		if decision.Reason == plan.RejectNotFound {
			found, err := q.NodeCronJob.Find(ctx)
			if found == Present || err != nil {
				return false, q.failed(w, cmp.Or(err, errNotCached))
			}
			if found == Foreign {
				q.door.settle(w.e.UID)
				return true, time.Time{}
			}
		}
		return q.reject(ctx, fence, w, decision)
	case plan.MoveReplace:
		if w.tried = q.replace(ctx, fence, w, door.Open.Name); w.tried != nil {
			return false, q.failed(w, w.tried)
		}
		return false, earliest(decision.Until, q.queue(ctx, fence, w))
	default:
		return false, earliest(decision.Until, q.queue(ctx, fence, w))
	}
}

// failed notes that a try has failed, and returns when to try again.
func (q *Queue) failed(w *waiter, err error) (again time.Time) {
	if err == nil {
		return time.Time{}
	}
	w.fresh = false
	now := q.Opener.Clock.Now()
	w.again = now.Add(q.pause(w))
	if latest := q.latest(w); latest.After(now) && w.again.After(latest) {
		w.again = latest.Add(1) // the last try, or its end
	}
	if errors.Is(err, context.Canceled) {
		return w.again // the term ends
	}
	q.Opener.Log.Error("a step failed, trying again", "step", "open an execution", "name", w.e.Name, "error", err)
	return w.again
}

// pause returns how long to wait after another failure.
func (q *Queue) pause(w *waiter) time.Duration {
	if w.pauses == nil {
		w.pauses = q.opener.Pauses()
	}
	return w.pauses.Next()
}

// latest returns until when an Execution may open.
func (q *Queue) latest(w *waiter) time.Time {
	return q.waitingOf(w).Due().Add(q.Definition().Deadline(q.Opener.Clock.Now()))
}

// freshen reads an Execution that waits, unless this replica knows it as it is, and labels one
// that a person created. It reports whether the Execution does not wait any more.
func (q *Queue) freshen(ctx context.Context, fence lease.Fence, w *waiter) (gone bool, err error) {
	if !w.fresh {
		if gone, err = q.read(ctx, w); gone || err != nil {
			return gone, err
		}
	}
	of := q.Definition().Of()
	if q.Opener.Records.IsTaken(w.e, of) || q.NodeCronJob.Cached() != Present { // it may be another controller's
		return false, nil
	}
	write, done, err := fence(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	taken, err := q.Opener.Records.Take(write, w.e, of)
	if err != nil {
		return false, err
	}
	w.e = taken
	return false, nil
}

func (q *Queue) read(ctx context.Context, w *waiter) (gone bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
	defer cancel()
	e, err := q.Opener.Records.Find(ctx, w.e.Name)
	switch {
	case apierrors.IsNotFound(err), err == nil && (e.UID != w.e.UID || e.DeletionTimestamp != nil):
		q.left(w)
		return true, nil
	case err != nil:
		return false, err
	case record.IsWaiting(e):
		w.e, w.fresh = e, true
		return false, nil
	case !q.Opener.Records.MayTake(e):
		q.left(w)
		return true, nil
	}
	if _, err := q.meet(ctx, e); err != nil {
		return false, err
	}
	q.ticker.Passed(e)
	q.door.settle(e.UID)
	return true, nil
}

// left notes that an Execution is gone. If it has an entry, another leader may have opened it
// just before.
func (q *Queue) left(w *waiter) {
	q.Opener.Log.Warn("an execution that waited is gone", "name", w.e.Name)
	if entry, ok := q.Opener.State.State().Entry(string(w.e.UID)); ok {
		q.hold(hold{Entry: entry})
	}
	q.ticker.Passed(w.e)
	q.door.settle(w.e.UID)
}

// open tries once to open an Execution.
func (q *Queue) open(ctx context.Context, fence lease.Fence, w *waiter) (decided bool, again time.Time) {
	opened, err := q.opener.Open(ctx, fence, definition.Opening{
		Execution: w.e, After: q.newest, Within: q.latest(w).Sub(q.Opener.Clock.Now()), Prepare: q.prepare,
	})
	var never *plan.RejectError
	switch {
	case errors.As(err, &never):
		return q.reject(ctx, fence, w, plan.Decision{Reason: never.Reason, Message: never.Message})
	case errors.Is(err, plan.ErrPassed):
		return q.reject(ctx, fence, w, plan.Decision{Reason: plan.RejectTickHandled, Message: err.Error()})
	case err != nil:
		w.tried = err
		return false, q.failed(w, err)
	}
	q.takeOver(opened, true)
	q.door.settle(w.e.UID)
	return true, time.Time{}
}
