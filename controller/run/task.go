package run

import (
	"context"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// workOnTasks gives one node task after the other its turn.
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
	t, ok := e.gather(key)
	if !ok {
		return nil
	}
	action := plan.Next(t.observed, e.Steady.Now())
	return e.act(ctx, fence, t, action)
}

// task is one node task in its turn.
type task struct {
	key      execution.Key
	index    int
	name     string // of its Job
	plan     execution.Plan
	owner    jobspec.Owner
	observed plan.Observation
}

// gather collects what is known about the task. It reports whether there is
// anything to decide.
func (e *Execution) gather(key execution.Key) (task, bool) {
	name := jobspec.JobName(e.Controller, key)
	job := e.Caches.Job(e.Namespace, name)
	now := e.Clock.Now()

	e.mu.Lock()
	defer e.mu.Unlock()
	known, ok := e.ledger.Task(key.Node)
	if !ok || known.Outcome.State.Final() {
		return task{}, false
	}
	node := e.Caches.Node(known.Node)
	nodeGone := node == nil
	created := job != nil || e.ledger.Created(known.Index)
	if !nodeGone && !created && !e.ledger.Granted(known.Index) {
		return task{}, false // it waits for a slot
	}
	t := task{key: key, index: known.Index, name: name, plan: e.record.Plan, owner: e.record.Owner()}
	memory := &e.memory[known.Index]
	memory.seen = memory.seen || job != nil
	foreign := job != nil && !jobspec.Owned(job, t.owner, key)
	if job != nil && !foreign {
		e.ledger.NoteCreated(known.Index)
		if end, stopped := plan.StopOf(job); stopped && memory.stopped == nil {
			memory.stopped = &plan.Stopped{At: now, End: end} // by an earlier leader
		}
	}
	t.observed = plan.Observation{
		Settings: t.plan.Settings,
		Task:     known,
		Admitted: e.ledger.Admitted(known.Index),
		Created:  e.ledger.Created(known.Index),
		Seen:     memory.seen,
		Foreign:  foreign,
		NodeGone: nodeGone,
		Job:      job,
		Since:    memory.grantedAt,
		Stopped:  memory.stopped,

		LogsSaved: memory.logsDone,
	}
	if node != nil {
		t.observed.UnreachableSince = plan.UnreachableSince(node)
	}
	switch {
	case job == nil:
		t.observed.Pods = e.Caches.PodsOfDeleted(name, key)
		t.observed.Others = e.Caches.PodsOfOthers(key)
	case foreign: // it may have been ours
		t.observed.Pods = e.Caches.PodsOfDeleted(name, key)
	default:
		t.observed.Pods = e.Caches.PodsOf(job, key)
	}
	return t, true
}

// act does the step.
func (e *Execution) act(ctx context.Context, fence lease.Fence, t task, action plan.Action) error {
	if action.Unreachable {
		if silent, err := e.isSilent(ctx, t); err != nil || !silent {
			e.tasks.AddAfter(t.key, silencePause)
			return err
		}
	}
	switch action.Step {
	case plan.Create:
		return e.createJob(ctx, fence, t)
	case plan.Verify:
		return e.verifyJob(ctx, t, action.End)
	case plan.Stop:
		return e.stopJob(ctx, fence, t, action.End)
	case plan.SaveLogs:
		e.noteStarted(t, action)
		e.mu.Lock()
		defer e.mu.Unlock()
		e.queueLogs(t.index)
		return nil
	case plan.Finish:
		if wait := e.graceLeft(t); t.observed.Job == nil && wait > 0 {
			e.tasks.AddAfter(t.key, wait)
			return nil
		}
		e.finish(ctx, t, action.End)
		return nil
	default:
		e.noteStarted(t, action)
		if action.Recheck > 0 {
			e.tasks.AddAfter(t.key, action.Recheck)
		}
		return nil
	}
}

func (e *Execution) noteStarted(t task, action plan.Action) {
	if !action.Running {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ledger.NoteStarted(t.index, action.Started)
}
