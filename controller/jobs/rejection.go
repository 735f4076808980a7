package jobs

import (
	"context"
	"fmt"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// rejected handles a failed request to create the task's Job. It returns the error if the
// request is to be sent again.
func (j *Jobs) rejected(ctx context.Context, t *Task, class plan.ErrorClass, err error) (Result, error) {
	now := j.Clock.Now() // of the response: writing an event may last beyond startDeadline
	switch class {
	case plan.Invalid:
		j.Notices.JobRejected(ctx, kube.EventJobInvalid, "the pod template makes Jobs that are invalid", err)
		// Verify first: another leader may have created the Job.
		return j.Verify(ctx, t, j.failed(execution.JobInvalid, err))
	case plan.Rejected:
		j.Notices.JobRejected(ctx, kube.EventJobRefused,
			fmt.Sprintf("rejected, and retried until startDeadline (%s) of each node", j.Plan.Settings.StartDeadline), err)
		if t.memory.rejected.IsZero() {
			t.memory.rejected = now
		}
		wait := plan.AfterRejection(j.Plan.Settings, t.memory.rejected, now)
		if wait <= 0 {
			return j.Verify(ctx, t, j.failed(execution.JobRefused, err))
		}
		return Result{Recheck: wait}, err // for the last try: those before it follow from err
	default:
		return Result{}, err
	}
}

func (j *Jobs) failed(reason execution.Reason, err error) execution.End {
	return execution.End{
		Outcome:  execution.Outcome{State: execution.Failed, Reason: reason},
		Message:  err.Error(),
		Finished: j.Clock.Now(),
	}
}
