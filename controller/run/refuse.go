package run

import (
	"context"
	"fmt"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// refused goes on with a task whose Job could not be created. It returns the
// error if that is to be tried again.
func (e *Execution) refused(ctx context.Context, t task, verdict plan.ErrorClass, err error) error {
	now := e.Clock.Now() // of the answer: an event may take longer to write than startDeadline is away
	switch verdict {
	case plan.Invalid:
		e.announceRefusal(ctx, kube.EventJobInvalid, "the pod template makes Jobs that are invalid", err)
		// Not without a look: another leader's Job may be there.
		return e.verifyJob(ctx, t, e.failed(execution.JobInvalid, err))
	case plan.Rejected:
		e.announceRefusal(ctx, kube.EventJobRefused,
			fmt.Sprintf("refused, and tried again until startDeadline (%s) of each node", t.plan.Settings.StartDeadline), err)
		wait := plan.AfterRejection(t.plan.Settings, e.noteRefused(t, now), now)
		if wait <= 0 {
			return e.verifyJob(ctx, t, e.failed(execution.JobRefused, err))
		}
		e.tasks.AddAfter(t.key, wait) // for the last try
	}
	return err
}

// noteRefused records that the API server does not want the task's Job, and
// returns since when.
func (e *Execution) noteRefused(t task, now time.Time) (since time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	memory := &e.memory[t.index]
	if memory.refused.IsZero() {
		memory.refused = now
	}
	return memory.refused
}

// maxRefusals bounds the events about the refusals of one execution: an admission
// webhook may word each otherwise.
const maxRefusals = 10

// announceRefusal writes an event about a refusal, one for each cause: all Jobs of an
// execution may be refused alike.
func (e *Execution) announceRefusal(ctx context.Context, reason, what string, err error) {
	cause, message := plan.DescribeRejection(err)
	cause = reason + " " + cause
	e.mu.Lock()
	isNew := !e.refusals[cause] && len(e.refusals) < maxRefusals
	if isNew {
		e.refusals[cause] = true
	}
	about := kube.ConfigMapReference(e.record.Object)
	e.mu.Unlock()
	if isNew {
		e.Announcer.Announce(ctx, about, true, reason, execution.Truncate(what+": "+message, kube.MaxEventMessage))
	}
}
