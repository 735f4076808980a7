package door

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
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// linesUp reports whether Executions wait while another one is open: it is known that it is,
// and the policy permits that.
func (d *Door) linesUp() bool {
	h, policy := d.blocking(""), d.source.Latest().ConcurrencyPolicy
	return h != nil && h.settled() && (policy == plan.QueueConcurrent || policy == plan.ReplaceConcurrent)
}

// areLinedUp reports whether another tick may get its Execution although one waits: the
// status of each earlier tick's says that it waits. Otherwise, the leader that opens it would
// count the later tick as processed, too.
func (d *Door) areLinedUp(first *waiter) bool {
	return d.linesUp() && !d.isBegun(first) && !slices.ContainsFunc(d.line.waiters, func(w *waiter) bool {
		return w.e.Status.Phase != v1alpha1.Queued && d.ticker.IsTick(w.e) && !d.isAside(w)
	})
}

// lineUp has the status of Executions behind the first one say that they wait, and rejects
// those that will never open. It returns when to try again.
func (d *Door) lineUp(ctx context.Context, fence lease.Fence) (again time.Time) {
	first := d.first()
	if first == nil || !d.linesUp() {
		return time.Time{}
	}
	for _, w := range slices.Clone(d.line.waiters) {
		if ctx.Err() == nil && w != first && !d.isAside(w) {
			again = timing.Earliest(again, d.lineUpBehind(ctx, fence, w))
		}
	}
	return again
}

func (d *Door) lineUpBehind(ctx context.Context, fence lease.Fence, w *waiter) (again time.Time) {
	now := d.Opener.Clock.Now()
	if now.Before(w.again) {
		return w.again
	}
	gone, err := d.freshen(ctx, fence, w)
	if gone || err != nil {
		return d.failed(w, err)
	}
	door := d.doorOf(w)
	if !plan.Contends(d.waitingOf(w), door, now) {
		_, again = d.decide(ctx, fence, w)
		return again
	}
	w.behind = door.Open
	return d.queue(ctx, fence, w)
}

// countNewer returns how many Executions were created after one, and contend with it, or have
// opened: one that a replica noticed late does not replace them. Those that only the cache has
// are read: they may be gone.
func (d *Door) countNewer(ctx context.Context, w *waiter) (n int, err error) {
	if h := d.blocking(w.e.UID); h != nil {
		if r, ok := d.recordOf(*h); ok && w.e.CreationTimestamp.Before(&r.Object.CreationTimestamp) {
			n++
		}
	}
	waiters := slices.Clone(d.line.waiters)
	for _, newer := range waiters[slices.Index(waiters, w)+1:] {
		if d.isAside(newer) {
			continue
		}
		if !newer.fresh {
			if gone, err := d.read(ctx, newer); err != nil {
				return 0, err
			} else if gone {
				continue
			}
		}
		if plan.Contends(d.waitingOf(newer), d.doorOf(newer), d.Opener.Clock.Now()) {
			n++
		}
	}
	return n, nil
}

// queue writes into the status of an Execution that it waits, once, and returns when to try
// again. The tick of one has to be processed before, because from then on its status says
// that it was.
func (d *Door) queue(ctx context.Context, fence lease.Fence, w *waiter) (again time.Time) {
	if w.e.Status.Phase == v1alpha1.Queued || w.behind == nil || d.NodeCronJob.Cached() != Present {
		return time.Time{}
	}
	if isProcessed := func() bool { return d.ticker.Ticks().Execution == string(w.e.UID) }; record.FiringOf(w.e).Trigger == execution.Cron && !isProcessed() {
		if !d.linesUp() || !d.ticker.IsTick(w.e) {
			return time.Time{}
		}
		d.ticker.Passed(w.e)
		if again = d.save(ctx, fence); !isProcessed() {
			return again
		}
	}
	write, done, err := fence(ctx)
	if err != nil {
		return time.Time{}
	}
	defer done()
	message := fmt.Sprintf("execution %s has not ended, or it is not known yet whether it has", w.behind.Name)
	queued, err := d.Opener.Records.Queue(write, w.e, d.Opener.Clock.Now(), message)
	if err != nil {
		d.Opener.Log.Warn("the status of an execution does not say that it waits", "name", w.e.Name, "error", err)
		w.fresh = false
		return d.Opener.Clock.Now().Add(d.pause(w))
	}
	w.e = queued
	d.Opener.Announcer.Announce(ctx, kube.ExecutionReference(queued), false, kube.EventExecutionQueued, message)
	return time.Time{}
}
