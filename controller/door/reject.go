package door

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// reject rejects an Execution. That of a tick counts as processed before: the next leader
// must not count it as missed once more.
func (d *Door) reject(ctx context.Context, fence lease.Fence, w *waiter, decision plan.Decision) (decided bool, again time.Time) {
	if decision.Reason != plan.RejectTickHandled {
		d.ticker.Passed(w.e)
		d.save(ctx, fence)
	}
	if err := d.writeRejected(ctx, fence, w, decision); err != nil {
		again = d.failed(w, err)
		if !kube.MayBeCarriedOut(err) && d.Opener.Clock.Since(d.latest(w)) > kube.RequestGrace {
			d.announceTooLate(ctx, w, decision)
		}
		return false, again
	}
	if entry, ok := d.Opener.State.State().Entry(string(w.e.UID)); ok {
		d.hold(hold{Entry: entry, is: Over})
	}
	d.line.settle(w.e.UID)
	d.History.RequestPrune()
	d.announceRejected(ctx, w, decision)
	return true, time.Time{}
}

func (d *Door) writeRejected(ctx context.Context, fence lease.Fence, w *waiter, decision plan.Decision) error {
	write, done, err := fence(ctx)
	if err != nil {
		return err
	}
	defer done()
	return d.Opener.Records.Reject(write, w.e, d.Opener.Clock.Now(), string(decision.Reason), decision.Message)
}

// errNotLed is why an execution was not opened if this leader has not tried.
var errNotLed = errors.New("no replica led in time")

func (d *Door) announceRejected(ctx context.Context, w *waiter, decision plan.Decision) {
	d.Metrics.ExecutionRejected(string(decision.Reason))
	d.Opener.Log.Warn("execution rejected", "name", w.e.Name, "reason", decision.Reason, "message", decision.Message)
	d.Opener.Announcer.Announce(ctx, kube.ExecutionReference(w.e), true, kube.EventExecutionRejected,
		execution.Truncate(fmt.Sprintf("%s: %s", decision.Reason, decision.Message), kube.MaxEventMessage))
	d.announceTooLate(ctx, w, decision)
}

// announceTooLate announces once that the execution of a tick, or of runOnStartup, was missed.
func (d *Door) announceTooLate(ctx context.Context, w *waiter, decision plan.Decision) {
	if decision.Reason != plan.RejectTooLate || w.told {
		return
	}
	w.told = true
	if firing := record.FiringOf(w.e); firing.Trigger != execution.Manual {
		why := errNotLed
		if w.behind != nil {
			why = fmt.Errorf("execution %s has not ended", w.behind.Name)
		}
		d.ticker.AnnounceMissed(ctx, firing, cmp.Or(w.tried, why))
	}
}
