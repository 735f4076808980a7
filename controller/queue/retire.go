package queue

import (
	"context"
	"errors"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// findPause is how long to wait until the API server is asked again for a NodeCronJob that the
// cache does not have.
const findPause = 5 * time.Second

// errNotCached is why an Execution waits whose NodeCronJob is only in the API server.
var errNotCached = errors.New("this replica does not know the NodeCronJob yet")

// isUnused reports whether the NodeCronJob is gone, as far as the cache shows, and no
// execution is left of it that is open, waits, or may have pods.
func (q *Queue) isUnused() bool {
	if q.NodeCronJob.Cached() == Present || len(q.door.waiters) > 0 {
		return false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.active == nil && len(q.backlog) == 0 && len(q.holds) == 0
}

// retire removes the ticks of a NodeCronJob that is gone from the state, and reports whether
// the queue has nothing left to do. If not, it returns when to look again.
func (q *Queue) retire(ctx context.Context, fence lease.Fence) (gone bool, again time.Time) {
	if q.history.IsPending() { // nobody else deletes the tokens of its last execution
		return false, q.Opener.Clock.Now().Add(findPause)
	}
	found, err := q.NodeCronJob.Find(ctx)
	if found == Present { // the cache will show it
		return false, q.Opener.Clock.Now().Add(findPause)
	}
	if err == nil {
		err = q.forgetTicks(ctx, fence)
	}
	if err != nil {
		if ctx.Err() == nil {
			q.Opener.Log.Warn("it is not known whether a NodeCronJob is gone, trying again", "nodeCronJob", q.Name, "error", err)
		}
		return false, q.Opener.Clock.Now().Add(findPause)
	}
	q.Opener.Log.Info("the NodeCronJob is gone, and so are its executions", "nodeCronJob", q.Name)
	return true, time.Time{}
}

func (q *Queue) forgetTicks(ctx context.Context, fence lease.Fence) error {
	ticks, ok := q.Opener.State.State().Ticks[q.Name]
	if !ok {
		return nil
	}
	return q.opener.Change(ctx, fence, kube.RequestTimeout, false, func(s *plan.State) error {
		return s.ForgetDefinition(q.Name, ticks.UID)
	})
}

// restoreResults exports the results in the report directory, if that was asked for.
func (q *Queue) restoreResults() {
	if !q.restore.Swap(false) {
		return
	}
	for _, id := range q.Results.Restore(q.Name, q.NoteClosed) {
		q.history.Add(id)
	}
}
