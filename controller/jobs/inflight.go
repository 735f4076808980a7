package jobs

import (
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// GraceLeft returns how long to wait before a task without a Job may end: a request to
// create the Job, of this leader or of an earlier one, may still be carried out, and the
// Job would run after the task's end.
func (j *Jobs) GraceLeft(t *Task) time.Duration {
	if !t.Observed.Admitted || t.Observed.Foreign || t.memory.unanswered.IsZero() {
		return 0 // no request was sent, or the API server rejects it, or it was answered
	}
	return kube.RequestGrace - j.Clock.Since(t.memory.unanswered)
}
