package run

import (
	"context"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobs"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// workOnTasks gives node tasks their turns, one at a time.
func (e *Execution) workOnTasks(ctx context.Context, fence lease.Fence) {
	for {
		key, shutdown := e.tasks.Get()
		if shutdown {
			return
		}
		if err := e.turn(ctx, fence, key); err != nil && ctx.Err() == nil {
			e.Log.Warn("node task will be tried again", "execution", key.Execution, "node", key.Node, "error", err)
			e.tasks.AddRateLimited(key)
		} else {
			e.tasks.Forget(key)
		}
		e.tasks.Done(key)
	}
}

// turn does what is next for one node task: gather, decide, act.
func (e *Execution) turn(ctx context.Context, fence lease.Fence, key execution.Key) error {
	t := e.gather(key)
	if t == nil {
		return nil
	}
	action := plan.Next(t.Observed, e.Steady.Now())
	return e.act(ctx, fence, t, action)
}

// gather collects the facts about the task. It returns nil if there is nothing to decide.
func (e *Execution) gather(key execution.Key) *jobs.Task {
	e.mu.Lock()
	defer e.mu.Unlock()
	stored, ok := e.ledger.Task(key.Node)
	if !ok || stored.Outcome.State.Final() {
		return nil
	}
	t := e.jobs.Look(stored)
	if t.Job() != nil {
		e.ledger.NoteCreated(t.Index)
	}
	o := &t.Observed
	o.Steering, o.Admitted, o.Created = e.steering(), e.ledger.Admitted(t.Index), e.ledger.Created(t.Index)
	o.Since, o.LogsSaved = e.memory[t.Index].grantedAt, e.memory[t.Index].logsDone
	created, canceled := o.Job != nil || o.Created, o.Steering.Cancel != plan.NotCanceled && o.Admitted
	if !o.NodeGone && !created && !canceled && !e.ledger.Granted(t.Index) {
		return nil // it waits for a slot, or for the writer to cancel it
	}
	e.jobs.LookAtPods(t)
	return t
}

// act takes the step that was decided, and does what follows from it.
func (e *Execution) act(ctx context.Context, fence lease.Fence, t *jobs.Task, action plan.Action) error {
	confirmed, result, err := e.jobs.ConfirmSilence(ctx, t, action)
	if confirmed {
		if action.Running {
			e.noteStarted(t.Index, action.Started)
		}
		result, err = e.step(ctx, fence, t, action)
	}
	if result.Created {
		e.noteCreated(t.Index)
	}
	if result.Recheck > 0 {
		e.tasks.AddAfter(t.Key, result.Recheck)
	}
	if result.End.Outcome.State.Final() {
		e.finish(ctx, t, result.End)
	}
	return err
}

// step takes the step, and returns what it has shown.
func (e *Execution) step(ctx context.Context, fence lease.Fence, t *jobs.Task, action plan.Action) (jobs.Result, error) {
	switch action.Step {
	case plan.Create:
		if !e.beginCreate(t.Index) {
			return jobs.Result{}, nil
		}
		result, err := e.jobs.Create(ctx, fence, t)
		e.endCreate(t.Index, result.Until)
		return result, err
	case plan.Verify:
		return e.jobs.Verify(ctx, t, action.End)
	case plan.Stop:
		confirmed, err := e.jobs.ConfirmStop(ctx, t, action)
		if err != nil {
			return jobs.Result{}, err
		}
		if confirmed.Step != plan.Stop {
			return jobs.Result{}, e.act(ctx, fence, t, confirmed)
		}
		return e.jobs.Stop(ctx, fence, t, confirmed.End)
	case plan.SaveLogs:
		e.mu.Lock()
		defer e.mu.Unlock()
		e.queueLogs(t.Index)
		return jobs.Result{}, nil
	case plan.Finish:
		return e.jobs.Finish(t, action.End), nil
	default:
		return jobs.Result{Recheck: action.Recheck}, nil
	}
}

// noteStarted records that the task's pod runs. The record has how many do.
func (e *Execution) noteStarted(index int, at time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	before := e.ledger.Running()
	e.ledger.NoteStarted(index, at)
	if e.ledger.Running() != before {
		e.wakeWriter()
	}
}
