package door

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// Run creates the Executions of ticks, and opens or rejects those that wait, one after the
// other, until ctx ends, or the NodeCronJob is gone and nothing is left to do.
func (d *Door) Run(ctx context.Context, fence lease.Fence) {
	for ctx.Err() == nil {
		again, sleep := d.step(ctx, fence)
		d.Metrics.SetQueued(len(d.line.waiters))
		d.Queue.TellStatus(d.ticker.LastTick(), d.nextTick)
		if d.isUnused() {
			gone, look := d.retire(ctx, fence)
			if gone {
				return
			}
			again = timing.Earliest(again, look)
		}
		if sleep && !timing.Sleep(ctx, d.Opener.Clock, again, d.wake) {
			return
		}
	}
}

// step does what can be done now. It returns when there is more to do, unless that is now.
func (d *Door) step(ctx context.Context, fence lease.Fence) (again time.Time, sleep bool) {
	d.scan()
	d.Queue.Restore()
	if d.Opener.State.State().Restoring {
		d.save(ctx, fence) // before there are more Executions, each of which would be changed
	}
	again = d.look(ctx)
	again = timing.Earliest(again, d.decideAll(ctx, fence))
	if ctx.Err() != nil {
		return again, false
	}
	var next time.Time
	if d.source.Current() != nil {
		var e *v1alpha1.Execution
		if e, next = d.ticker.Tick(ctx, fence, d.tickDoor()); ctx.Err() != nil {
			return again, false
		}
		if e != nil {
			d.created(e)
			return again, false
		}
	}
	d.nextTick = next
	return timing.Earliest(timing.Earliest(again, next), d.save(ctx, fence)), true
}

// decideAll opens or rejects Executions until one has to wait. It returns when to go on.
func (d *Door) decideAll(ctx context.Context, fence lease.Fence) (again time.Time) {
	for w := d.first(); w != nil && ctx.Err() == nil; w = d.first() {
		decided, later := d.decide(ctx, fence, w)
		if !decided {
			again = later
			break
		}
	}
	for _, w := range slices.Clone(d.line.waiters) {
		if ctx.Err() == nil && d.isAside(w) {
			_, later := d.decide(ctx, fence, w)
			again = timing.Earliest(again, later)
		}
	}
	return timing.Earliest(again, d.lineUp(ctx, fence))
}

// created notes the Execution of a tick. It may be one that another leader created and opened.
func (d *Door) created(e *v1alpha1.Execution) {
	if record.IsWaiting(e) {
		d.line.add(e, d.Opener.Clock.Now(), true)
		return
	}
	if !d.isHeld(e.UID) {
		d.hold(hold{Entry: record.EntryOf(e, execution.ID(e.Status.ExecutionID))})
	}
	d.ticker.Passed(e)
}

// tickDoor returns what decides whether a tick gets an Execution.
func (d *Door) tickDoor() definition.Door {
	of := definition.Door{Door: d.definitionDoor()}
	first := d.first()
	if first != nil {
		of.LastError = first.tried
	}
	switch h := d.blocking(""); {
	case h == nil:
		of.Trying = first != nil
	case !h.settled():
		of.Trying = true
	default:
		of.Open, of.ID, of.About = d.openOf(*h), h.ID, h.about
		of.Trying = first != nil && !d.areLinedUp(first)
	}
	return of
}

// decide opens or rejects the first Execution that waits. If it has to wait, decide returns
// until when; zero: until there is news.
func (d *Door) decide(ctx context.Context, fence lease.Fence, w *waiter) (decided bool, again time.Time) {
	if d.Opener.Clock.Now().Before(w.again) {
		return false, w.again
	}
	d.noteStop(ctx, w)
	if gone, err := d.freshen(ctx, fence, w); gone || err != nil {
		return gone, d.failed(w, err)
	}
	door := d.doorOf(w)
	if door.Policy == plan.ReplaceConcurrent {
		newer, err := d.countNewer(ctx, w)
		if err != nil {
			return false, d.failed(w, err)
		}
		door.NewerWaiting = newer
	}
	w.behind = door.Open
	switch decision := plan.Decide(d.waitingOf(w), door, d.Opener.Clock.Now()); decision.Do {
	case plan.MoveOpen:
		return d.open(ctx, fence, w)
	case plan.MoveReject:
		if decision.Reason == plan.RejectNotFound {
			found, err := d.NodeCronJob.Find(ctx)
			if found == Present || err != nil {
				return false, d.failed(w, cmp.Or(err, errNotCached))
			}
			if found == Foreign {
				d.line.settle(w.e.UID)
				return true, time.Time{}
			}
		}
		return d.reject(ctx, fence, w, decision)
	case plan.MoveReplace:
		if w.tried = d.replace(ctx, fence, w, door.Open.Name); w.tried != nil {
			return false, d.failed(w, w.tried)
		}
		return false, timing.Earliest(decision.Until, d.queue(ctx, fence, w))
	default:
		return false, timing.Earliest(decision.Until, d.queue(ctx, fence, w))
	}
}
