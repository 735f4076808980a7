package queue

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
func (q *Queue) reject(ctx context.Context, fence lease.Fence, w *waiter, decision plan.Decision) (decided bool, again time.Time) {
	if decision.Reason != plan.RejectTickHandled {
		q.ticker.Passed(w.e)
		q.save(ctx, fence)
	}
	if err := q.writeRejected(ctx, fence, w, decision); err != nil {
		again = q.failed(w, err)
		if !kube.MayBeCarriedOut(err) && q.Opener.Clock.Since(q.latest(w)) > kube.RequestGrace {
			q.announceTooLate(ctx, w, decision)
		}
		return false, again
	}
	if entry, ok := q.Opener.State.State().Entry(string(w.e.UID)); ok {
		q.hold(hold{Entry: entry, is: over})
	}
	q.door.settle(w.e.UID)
	q.history.RequestPrune()
	q.announceRejected(ctx, w, decision)
	return true, time.Time{}
}

func (q *Queue) writeRejected(ctx context.Context, fence lease.Fence, w *waiter, decision plan.Decision) error {
	write, done, err := fence(ctx)
	if err != nil {
		return err
	}
	defer done()
	return q.Opener.Records.Reject(write, w.e, q.Opener.Clock.Now(), string(decision.Reason), decision.Message)
}

// errNotLed is why an execution was not opened if this leader has not tried.
var errNotLed = errors.New("no replica led in time")

func (q *Queue) announceRejected(ctx context.Context, w *waiter, decision plan.Decision) {
	q.Metrics.ExecutionRejected(string(decision.Reason))
	q.Opener.Log.Warn("execution rejected", "name", w.e.Name, "reason", decision.Reason, "message", decision.Message)
	q.Opener.Announcer.Announce(ctx, kube.ExecutionReference(w.e), true, kube.EventExecutionRejected,
		execution.Truncate(fmt.Sprintf("%s: %s", decision.Reason, decision.Message), kube.MaxEventMessage))
	q.announceTooLate(ctx, w, decision)
}

// announceTooLate announces once that the execution of a tick, or of runOnStartup, was missed.
func (q *Queue) announceTooLate(ctx context.Context, w *waiter, decision plan.Decision) {
	if decision.Reason != plan.RejectTooLate || w.told {
		return
	}
	w.told = true
	if firing := record.FiringOf(w.e); firing.Trigger != execution.Manual {
		why := errNotLed
		if w.behind != nil {
			why = fmt.Errorf("execution %s has not ended", w.behind.Name)
		}
		q.ticker.AnnounceMissed(ctx, firing, cmp.Or(w.tried, why))
	}
}
