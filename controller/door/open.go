package door

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/batch-job-controller/batch-job-controller/controller/definition"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// failed notes that a try has failed, and returns when to try again.
func (d *Door) failed(w *waiter, err error) (again time.Time) {
	if err == nil {
		return time.Time{}
	}
	w.fresh = false
	now := d.Opener.Clock.Now()
	w.again = now.Add(d.pause(w))
	if latest := d.latest(w); latest.After(now) && w.again.After(latest) {
		w.again = latest.Add(1) // the last try, or its end
	}
	if errors.Is(err, context.Canceled) {
		return w.again // the term ends
	}
	d.Opener.Log.Error("a step failed, trying again", "step", "open an execution", "name", w.e.Name, "error", err)
	return w.again
}

// pause returns how long to wait after another failure.
func (d *Door) pause(w *waiter) time.Duration {
	if w.pauses == nil {
		w.pauses = d.opener.Pauses()
	}
	return w.pauses.Next()
}

// latest returns until when an Execution may open.
func (d *Door) latest(w *waiter) time.Time {
	return d.waitingOf(w).Due().Add(d.source.Latest().Deadline(d.Opener.Clock.Now()))
}

// freshen reads an Execution that waits, unless this replica knows it as it is, and labels one
// that a person created. It reports whether the Execution does not wait any more.
func (d *Door) freshen(ctx context.Context, fence lease.Fence, w *waiter) (gone bool, err error) {
	if !w.fresh {
		if gone, err = d.read(ctx, w); gone || err != nil {
			return gone, err
		}
	}
	of := d.source.Latest().Of()
	if d.Opener.Records.IsTaken(w.e, of) || d.NodeCronJob.Cached() != Present { // it may be another controller's
		return false, nil
	}
	write, done, err := fence(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	taken, err := d.Opener.Records.Take(write, w.e, of)
	if err != nil {
		return false, err
	}
	w.e = taken
	return false, nil
}

func (d *Door) read(ctx context.Context, w *waiter) (gone bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
	defer cancel()
	e, err := d.Opener.Records.Find(ctx, w.e.Name)
	switch {
	case apierrors.IsNotFound(err), err == nil && (e.UID != w.e.UID || e.DeletionTimestamp != nil):
		d.left(w)
		return true, nil
	case err != nil:
		return false, err
	case record.IsWaiting(e):
		w.e, w.fresh = e, true
		return false, nil
	case !d.Opener.Records.MayTake(e):
		d.left(w)
		return true, nil
	}
	if _, err := d.meet(ctx, e); err != nil {
		return false, err
	}
	d.ticker.Passed(e)
	d.line.settle(e.UID)
	return true, nil
}

// left notes that an Execution is gone. If it has an entry, another leader may have opened it
// just before.
func (d *Door) left(w *waiter) {
	d.Opener.Log.Warn("an execution that waited is gone", "name", w.e.Name)
	if entry, ok := d.Opener.State.State().Entry(string(w.e.UID)); ok {
		d.hold(hold{Entry: entry})
	}
	d.ticker.Passed(w.e)
	d.line.settle(w.e.UID)
}

// open tries once to open an Execution.
func (d *Door) open(ctx context.Context, fence lease.Fence, w *waiter) (decided bool, again time.Time) {
	opened, err := d.opener.Open(ctx, fence, definition.Opening{
		Execution: w.e, After: d.newest, Within: d.latest(w).Sub(d.Opener.Clock.Now()), Prepare: d.prepare,
	})
	var never *plan.RejectError
	switch {
	case errors.As(err, &never):
		return d.reject(ctx, fence, w, plan.Decision{Reason: never.Reason, Message: never.Message})
	case errors.Is(err, plan.ErrPassed):
		return d.reject(ctx, fence, w, plan.Decision{Reason: plan.RejectTickHandled, Message: err.Error()})
	case err != nil:
		w.tried = err
		return false, d.failed(w, err)
	}
	d.takeOver(opened, true)
	d.line.settle(w.e.UID)
	return true, time.Time{}
}
