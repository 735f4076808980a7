package run

import (
	"context"
	"fmt"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// rejected handles a failed request to create the task's Job. It returns the error if the
// request is to be sent again, by workOnTasks.
func (e *Execution) rejected(ctx context.Context, t task, class plan.ErrorClass, err error) error {
	now := e.Clock.Now() // of the response: writing an event may last beyond startDeadline
	switch class {
	case plan.Invalid:
		e.announceRejection(ctx, kube.EventJobInvalid, "the pod template makes Jobs that are invalid", err)
		// Verify first: another leader may have created the Job.
		return e.verifyJob(ctx, t, e.failedEnd(execution.JobInvalid, err))
	case plan.Rejected:
		e.announceRejection(ctx, kube.EventJobRefused,
			fmt.Sprintf("rejected, and retried until startDeadline (%s) of each node", t.plan.Settings.StartDeadline), err)
		if t.memory.rejected.IsZero() {
			t.memory.rejected = now
		}
		wait := plan.AfterRejection(t.plan.Settings, t.memory.rejected, now)
		if wait <= 0 {
			return e.verifyJob(ctx, t, e.failedEnd(execution.JobRefused, err))
		}
		e.tasks.AddAfter(t.key, wait) // for the last try
	}
	return err
}

// maxRejections bounds the events about the rejections of one execution: an admission
// webhook may use other words for each.
const maxRejections = 10

// announceRejection writes an event about a rejection, one for each cause: the API server
// may reject all Jobs of an execution for the same one.
func (e *Execution) announceRejection(ctx context.Context, reason, what string, err error) {
	cause, message := plan.DescribeRejection(err)
	cause = reason + " " + cause
	e.mu.Lock()
	isNew := !e.rejections[cause] && len(e.rejections) < maxRejections
	if isNew {
		e.rejections[cause] = true
	}
	e.mu.Unlock()
	if isNew {
		e.Announcer.Announce(ctx, e.recordReference(), true, reason, execution.Truncate(what+": "+message, kube.MaxEventMessage))
	}
}
