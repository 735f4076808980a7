package door

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// save writes what this replica knows into the state, if that says something else. It returns
// when to try again.
func (d *Door) save(ctx context.Context, fence lease.Fence) (again time.Time) {
	before := d.Opener.State.State()
	next, held := before.Clone(), d.held()
	d.prepare(&next)
	if before.Equal(next) && !before.Restoring {
		d.removeOver(held)
		return time.Time{}
	}
	now := d.Opener.Clock.Now()
	if now.Before(d.saveAgain) {
		return d.saveAgain
	}
	err := d.opener.Change(ctx, fence, kube.RequestTimeout, false, func(s *plan.State) error { d.prepare(s); return nil })
	if err != nil {
		if d.savePauses == nil {
			d.savePauses = d.opener.Pauses()
		}
		d.saveAgain = d.Opener.Clock.Now().Add(d.savePauses.Next())
		return d.saveAgain
	}
	d.savePauses, d.saveAgain = nil, time.Time{}
	d.removeOver(held)
	return time.Time{}
}

// removeOver forgets executions whose entries the state has no longer.
func (d *Door) removeOver(held []hold) {
	for _, h := range held {
		if h.is == Over {
			d.unhold(h)
			d.line.settled[types.UID(h.UID)] = true
		}
	}
}
