package controller

import (
	"errors"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// strayTime is how long after its sender has given up a request to create a Job
// may still be carried out: it was on its way, or the API server was at it. For
// so long, that there is no such Job proves nothing.
const strayTime = 30 * time.Second

// mayBeDone reports whether a write that failed may have been, or may still be,
// carried out.
func mayBeDone(err error) bool {
	var status apierrors.APIStatus
	return !errors.As(err, &status) || status.Status().Code >= http.StatusInternalServerError
}

// noteUnanswered takes down that nobody knows what became of a request to
// create the task's Job.
func (c *Controller) noteUnanswered(t task) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t.open.tasks[t.index].unanswered = c.Clock.Now()
}

// strayWait returns how long to wait before a task that has no Job may end: a
// Job that came afterwards would run beyond its end. Requests of this leader and
// of those before it count.
func (c *Controller) strayWait(t task) time.Duration {
	if !t.sight.Admitted || t.sight.Foreign {
		return 0 // there was no request, or it would be refused
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	last := t.open.tasks[t.index].unanswered
	if t.open.takenOver.After(last) {
		last = t.open.takenOver
	}
	if last.IsZero() {
		return 0
	}
	return strayTime - c.Clock.Since(last)
}

// settled reports whether no request to create a Job of a closed execution can
// be on its way any more, so that its Jobs may be deleted: their names keep
// what comes late from running. If not, it returns when that will be.
func (c *Controller) settled(r record.Record) (yes bool, in time.Duration) {
	in = strayTime - c.Clock.Since(r.Account.ClosedAt)
	return r.Account.Phase == execution.Closed && in <= 0, in
}
