package controller

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
func (c *Controller) refused(ctx context.Context, t task, verdict plan.Verdict, err error) error {
	now := c.Clock.Now() // of the answer: an event may take longer to write than startDeadline is away
	switch verdict {
	case plan.Invalid:
		c.tellRefusal(ctx, t, kube.EventJobInvalid, "the pod template makes Jobs that are invalid", err)
		// Not without a look: another leader's Job may be there.
		return c.verifyJob(ctx, t, c.failed(execution.JobInvalid, err))
	case plan.Refused:
		c.tellRefusal(ctx, t, kube.EventJobRefused,
			fmt.Sprintf("refused, and tried again until startDeadline (%s) of each node", t.plan.Settings.StartDeadline), err)
		wait := plan.AfterRefusal(t.plan.Settings, c.noteRefused(t, now), now)
		if wait <= 0 {
			return c.verifyJob(ctx, t, c.failed(execution.JobRefused, err))
		}
		c.tasks.AddAfter(t.key, wait) // for the last try
	}
	return err
}

// noteRefused takes down that the API server does not want the task's Job, and
// returns since when.
func (c *Controller) noteRefused(t task, now time.Time) (since time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	memory := &t.open.tasks[t.index]
	if memory.refused.IsZero() {
		memory.refused = now
	}
	return memory.refused
}

// maxTold bounds the events that tell of the refusals of one execution. Who
// refuses says what they like.
const maxTold = 10

// tellRefusal writes an event about a refusal, one for each cause: all Jobs of an
// execution may be refused alike.
func (c *Controller) tellRefusal(ctx context.Context, t task, reason, what string, err error) {
	cause, message := plan.Refusal(err)
	cause = reason + " " + cause
	c.mu.Lock()
	isNew := !t.open.told[cause] && len(t.open.told) < maxTold
	if isNew {
		t.open.told[cause] = true
	}
	about := kube.ConfigMapReference(t.open.record.Object)
	c.mu.Unlock()
	if isNew {
		c.announce(ctx, about, true, reason, execution.Truncate(what+": "+message, kube.MaxEventMessage))
	}
}
