package jobs

import (
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// Finish ends the task, unless it has no Job and may still get one.
func (j *Jobs) Finish(t *Task, end execution.End) Result {
	if wait := j.graceLeft(t); t.Observed.Job == nil && wait > 0 {
		return Result{Recheck: wait}
	}
	return Result{End: end}
}

// graceLeft returns how long to wait before a task without a Job may end: a request to
// create the Job, of this leader or of an earlier one, may still be carried out, and the
// Job would run after the task's end.
func (j *Jobs) graceLeft(t *Task) time.Duration {
	if !t.Observed.Admitted || t.Observed.Foreign || t.memory.unanswered.IsZero() {
		return 0 // no request was sent, or the API server rejects it, or it was answered
	}
	return kube.RequestGrace - j.Clock.Since(t.memory.unanswered)
}
