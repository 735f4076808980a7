package run

import (
	"context"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// steer does what follows from a change of what people ask of the execution: each task
// decides again. The caller holds e.mu.
func (e *Execution) steer(before plan.Steering) {
	now := e.steering()
	if now == before {
		return
	}
	e.Log.Info("execution steered", "execution", e.id, "paused", now.Paused, "cancel", now.Cancel)
	if before.Paused {
		e.restartDeadlines()
	}
	for _, t := range e.ledger.Tasks() {
		if !t.Outcome.State.Final() {
			e.TaskChanged(t.Node.Name)
		}
	}
}

// restartDeadlines makes the time in which the execution was paused no part of how long
// tasks have waited for their Job, and of how long slots were free. The caller holds e.mu.
func (e *Execution) restartDeadlines() {
	now := e.Clock.Now()
	e.jobs.Resumed()
	e.freed = nil
	for i := range e.memory {
		if memory := &e.memory[i]; e.ledger.Granted(i) && !e.ledger.Created(i) {
			memory.grantedAt, memory.slotFreed = now, time.Time{}
		}
	}
}

// cancelUnadmitted ends the tasks of a canceled execution that are not admitted. Only the
// writer calls it, between two writes: see Ledger.CancelUnadmitted. The caller holds e.mu.
func (e *Execution) cancelUnadmitted() {
	if e.steering().Cancel == plan.NotCanceled || e.restCanceled {
		return
	}
	e.restCanceled = true // as none is admitted any more, none is left the next time
	canceled := e.ledger.CancelUnadmitted(e.Clock.Now())
	for range canceled {
		e.Metrics.TaskEnded(execution.Outcome{State: execution.Canceled, Reason: execution.NotStarted})
	}
	if len(canceled) > 0 {
		e.Log.Info("node tasks that were not admitted are canceled", "execution", e.id, "nodes", len(canceled))
	}
}

// beginCreate reports whether a request to create the task's Job may be sent. What people
// ask of the execution may have changed since the task was decided.
func (e *Execution) beginCreate(index int) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s := e.steering(); s.Paused || s.Cancel != plan.NotCanceled {
		return false // steer has given it another turn
	}
	e.creating[index] = time.Time{}
	return true
}

// endCreate notes that a request to create the task's Job has ended. Without a response, it
// may be carried out later: until then.
func (e *Execution) endCreate(index int, until time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if until.IsZero() || e.ledger.Created(index) {
		delete(e.creating, index)
	} else {
		e.creating[index] = until
	}
	if e.isUnobserved() {
		e.wakeWriter()
	}
}

// isUnobserved reports whether the status does not say yet that it is about the present
// spec. The caller holds e.mu.
func (e *Execution) isUnobserved() bool { return !e.record.Observed() }

// isHeldBack reports whether the status must not say yet that the execution is paused or
// canceled: that means that no Job of it is created any more, and a request to create one is
// under way or may still be carried out, of this run or of one before. The caller holds e.mu.
func (e *Execution) isHeldBack() bool {
	s := e.steering()
	if !e.isUnobserved() || (!s.Paused && s.Cancel == plan.NotCanceled) || e.ledger.Ended() == len(e.nodes) {
		return false
	}
	now := e.Clock.Now()
	if !e.takenOver.IsZero() && now.Sub(e.takenOver) < kube.RequestGrace {
		return true
	}
	for i, until := range e.creating {
		if until.IsZero() || (now.Before(until) && !e.ledger.Created(i)) {
			return true
		}
		delete(e.creating, i)
	}
	return false
}

// announceSteering tells people what they have asked of the execution, once the status says
// that it is in effect. Only the writer calls it.
func (e *Execution) announceSteering(ctx context.Context) {
	if r := e.Record(); r.Observed() && r.Account.Phase == execution.Open {
		e.notices.Steered(ctx, r.Steering())
	}
}
