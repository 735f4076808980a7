package run

import (
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// graceLeft returns how long to wait before a task without a Job may end: a request to
// create the Job, of this leader or of an earlier one, may still be carried out, and the
// Job would run after the task's end.
func (e *Execution) graceLeft(t task) time.Duration {
	if !t.observed.Admitted || t.observed.Foreign {
		return 0 // no request was sent, or the API server rejects it
	}
	last := t.memory.unanswered
	if e.takenOver.After(last) {
		last = e.takenOver
	}
	if last.IsZero() {
		return 0
	}
	return kube.RequestGrace - e.Clock.Since(last)
}
