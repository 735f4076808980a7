package door

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
func (d *Door) isUnused() bool {
	if d.NodeCronJob.Cached() == Present || len(d.line.waiters) > 0 {
		return false
	}
	return d.Queue.IsIdle() && len(d.held()) == 0
}

// retire removes the ticks of a NodeCronJob that is gone from the state, and reports whether
// the queue has nothing left to do. If not, it returns when to look again.
func (d *Door) retire(ctx context.Context, fence lease.Fence) (gone bool, again time.Time) {
	if d.History.IsPending() { // no other queue deletes the tokens of its last execution
		return false, d.Opener.Clock.Now().Add(findPause)
	}
	found, err := d.NodeCronJob.Find(ctx)
	if found == Present { // the cache will show it
		return false, d.Opener.Clock.Now().Add(findPause)
	}
	if err == nil {
		err = d.forgetTicks(ctx, fence)
	}
	if err != nil {
		if ctx.Err() == nil {
			d.Opener.Log.Warn("it is not known whether a NodeCronJob is gone, trying again", "nodeCronJob", d.Name, "error", err)
		}
		return false, d.Opener.Clock.Now().Add(findPause)
	}
	d.Opener.Log.Info("the NodeCronJob is gone, and so are its executions", "nodeCronJob", d.Name)
	return true, time.Time{}
}

// forgetTicks looks at the state as it is, and not as this process knows it: the response to a
// write with the ticks may have been lost.
func (d *Door) forgetTicks(ctx context.Context, fence lease.Fence) error {
	var uid *string
	return d.opener.Change(ctx, fence, kube.RequestTimeout, false, func(s *plan.State) error {
		ticks, ok := s.Ticks[d.Name]
		if !ok {
			return nil
		}
		if uid == nil { // of the NodeCronJob that is gone: a later try must not forget another one
			uid = &ticks.UID
		}
		return s.ForgetDefinition(d.Name, *uid)
	})
}
