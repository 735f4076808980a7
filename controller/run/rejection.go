package run

import (
	"context"
	"fmt"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// rejected goes on with a task whose Job could not be created. It returns the
// error if that is to be tried again.
func (e *Execution) rejected(ctx context.Context, t task, class plan.ErrorClass, err error) error {
	now := e.Clock.Now() // of the answer: an event may take longer to write than startDeadline is away
	switch class {
	case plan.Invalid:
		e.announceRejection(ctx, kube.EventJobInvalid, "the pod template makes Jobs that are invalid", err)
		// Not without a look: another leader's Job may be there.
		return e.verifyJob(ctx, t, e.failed(execution.JobInvalid, err))
	case plan.Rejected:
		e.announceRejection(ctx, kube.EventJobRefused,
			fmt.Sprintf("refused, and tried again until startDeadline (%s) of each node", t.plan.Settings.StartDeadline), err)
		wait := plan.AfterRejection(t.plan.Settings, e.noteRejected(t, now), now)
		if wait <= 0 {
			return e.verifyJob(ctx, t, e.failed(execution.JobRefused, err))
		}
		e.tasks.AddAfter(t.key, wait) // for the last try
	}
	return err
}

// noteRejected records that the API server does not want the task's Job, and
// returns since when.
func (e *Execution) noteRejected(t task, now time.Time) (since time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	memory := &e.memory[t.index]
	if memory.rejected.IsZero() {
		memory.rejected = now
	}
	return memory.rejected
}

// maxRejections bounds the events about the rejections of one execution: an admission
// webhook may word each otherwise.
const maxRejections = 10

// announceRejection writes an event about a rejection, one for each cause: all Jobs of an
// execution may be rejected alike.
func (e *Execution) announceRejection(ctx context.Context, reason, what string, err error) {
	cause, message := plan.DescribeRejection(err)
	cause = reason + " " + cause
	e.mu.Lock()
	isNew := !e.rejections[cause] && len(e.rejections) < maxRejections
	if isNew {
		e.rejections[cause] = true
	}
	about := kube.ConfigMapReference(e.record.Object)
	e.mu.Unlock()
	if isNew {
		e.Announcer.Announce(ctx, about, true, reason, execution.Truncate(what+": "+message, kube.MaxEventMessage))
	}
}
