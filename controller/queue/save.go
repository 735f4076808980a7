package queue

import (
	"context"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"k8s.io/apimachinery/pkg/types"
)

// save writes what this replica knows into the state, if that says something else. It returns
// when to try again.
func (q *Queue) save(ctx context.Context, fence lease.Fence) (again time.Time) {
	before := q.Opener.State.State()
	next, held := before.Clone(), q.held()
	q.prepare(&next)
	if before.Equal(next) && !before.Restoring {
		q.removeOver(held)
		return time.Time{}
	}
	now := q.Opener.Clock.Now()
	if now.Before(q.saveAgain) {
		return q.saveAgain
	}
	err := q.opener.Change(ctx, fence, kube.RequestTimeout, false, func(s *plan.State) error { q.prepare(s); return nil })
	if err != nil {
		if q.savePauses == nil {
			q.savePauses = q.opener.Pauses()
		}
		q.saveAgain = q.Opener.Clock.Now().Add(q.savePauses.Next())
		return q.saveAgain
	}
	q.savePauses, q.saveAgain = nil, time.Time{}
	q.removeOver(held)
	return time.Time{}
}

// removeOver forgets executions whose entries the state has no longer.
func (q *Queue) removeOver(held []hold) {
	for _, h := range held {
		if h.is == over {
			q.unhold(h)
			q.door.settled[types.UID(h.UID)] = true
		}
	}
}
