package queue

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// linesUp reports whether Executions wait while another one is open: it is known that it is,
// and the policy permits that.
func (q *Queue) linesUp() bool {
	h, policy := q.blocking(""), q.Definition().ConcurrencyPolicy
	return h != nil && h.settled() && (policy == plan.QueueConcurrent || policy == plan.ReplaceConcurrent)
}

// areLinedUp reports whether another tick may get its Execution although one waits: the
// status of each earlier tick's says that it waits. Otherwise, the leader that opens it would
// count the later tick as processed, too.
func (q *Queue) areLinedUp(first *waiter) bool {
	return q.linesUp() && !q.isBegun(first) && !slices.ContainsFunc(q.door.waiters, func(w *waiter) bool {
		return w.e.Status.Phase != v1alpha1.Queued && q.ticker.IsTick(w.e) && !q.isAside(w)
	})
}

// lineUp has the status of Executions behind the first one say that they wait, and rejects
// those that will never open. It returns when to try again.
func (q *Queue) lineUp(ctx context.Context, fence lease.Fence) (again time.Time) {
	first := q.first()
	if first == nil || !q.linesUp() {
		return time.Time{}
	}
	for _, w := range slices.Clone(q.door.waiters) {
		if ctx.Err() == nil && w != first && !q.isAside(w) {
			again = earliest(again, q.lineUpBehind(ctx, fence, w))
		}
	}
	return again
}

func (q *Queue) lineUpBehind(ctx context.Context, fence lease.Fence, w *waiter) (again time.Time) {
	now := q.Opener.Clock.Now()
	if now.Before(w.again) {
		return w.again
	}
	gone, err := q.freshen(ctx, fence, w)
	if gone || err != nil {
		return q.failed(w, err)
	}
	door := q.doorOf(w)
	if !plan.Contends(q.waitingOf(w), door, now) {
		_, again = q.decide(ctx, fence, w)
		return again
	}
	w.behind = door.Open
	return q.queue(ctx, fence, w)
}

// countNewer returns how many Executions were created after one, and contend with it, or have
// opened: one that a replica noticed late does not replace them. Those that only the cache has
// are read: they may be gone.
func (q *Queue) countNewer(ctx context.Context, w *waiter) (n int, err error) {
	if h := q.blocking(w.e.UID); h != nil {
		if r, ok := q.recordOf(*h); ok && w.e.CreationTimestamp.Before(&r.Object.CreationTimestamp) {
			n++
		}
	}
	waiters := slices.Clone(q.door.waiters)
	for _, newer := range waiters[slices.Index(waiters, w)+1:] {
		if q.isAside(newer) {
			continue
		}
		if !newer.fresh {
			if gone, err := q.read(ctx, newer); err != nil {
				return 0, err
			} else if gone {
				continue
			}
		}
		if plan.Contends(q.waitingOf(newer), q.doorOf(newer), q.Opener.Clock.Now()) {
			n++
		}
	}
	return n, nil
}

// queue writes into the status of an Execution that it waits, once, and returns when to try
// again. The tick of one has to be processed before, because from then on its status says
// that it was.
func (q *Queue) queue(ctx context.Context, fence lease.Fence, w *waiter) (again time.Time) {
	if w.e.Status.Phase == v1alpha1.Queued || w.behind == nil || q.NodeCronJob.Cached() != Present {
		return time.Time{}
	}
	if isProcessed := func() bool { return q.ticker.Ticks().Execution == string(w.e.UID) }; record.FiringOf(w.e).Trigger == execution.Cron && !isProcessed() {
		if !q.linesUp() || !q.ticker.IsTick(w.e) {
			return time.Time{}
		}
		q.ticker.Passed(w.e)
		if again = q.save(ctx, fence); !isProcessed() {
			return again
		}
	}
	write, done, err := fence(ctx)
	if err != nil {
		return time.Time{}
	}
	defer done()
	message := fmt.Sprintf("execution %s has not ended, or it is not known yet whether it has", w.behind.Name)
	queued, err := q.Opener.Records.Queue(write, w.e, q.Opener.Clock.Now(), message)
	if err != nil {
		q.Opener.Log.Warn("the status of an execution does not say that it waits", "name", w.e.Name, "error", err)
		w.fresh = false
		return q.Opener.Clock.Now().Add(q.pause(w))
	}
	w.e = queued
	q.Opener.Announcer.Announce(ctx, kube.ExecutionReference(queued), false, kube.EventExecutionQueued, message)
	return time.Time{}
}
