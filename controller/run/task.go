package run

import (
	"context"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
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
	memory   *turnMemory
	observed plan.Observation
}

// gather collects the facts about the task. It reports whether there is anything to
// decide.
func (e *Execution) gather(key execution.Key) (task, bool) {
	name := jobspec.JobName(e.definition, key)
	job := e.Caches.Job(e.Namespace, name)
	now := e.Clock.Now()

	e.mu.Lock()
	defer e.mu.Unlock()
	stored, ok := e.ledger.Task(key.Node)
	if !ok || stored.Outcome.State.Final() {
		return task{}, false
	}
	index := stored.Index
	node := e.Caches.Node(stored.Node)
	nodeGone := node == nil
	created := job != nil || e.ledger.Created(index)
	canceled := e.steering().Cancel != plan.NotCanceled && e.ledger.Admitted(index)
	if !nodeGone && !created && !canceled && !e.ledger.Granted(index) {
		return task{}, false // it waits for a slot, or for the writer to cancel it
	}
	t := task{key: key, index: index, name: name, plan: e.record.Plan, owner: e.record.Owner(), memory: &e.turns[index]}
	t.memory.seen = t.memory.seen || job != nil
	if t.memory.resumes != e.resumes {
		t.memory.resumes, t.memory.rejected = e.resumes, time.Time{}
	}
	foreign := job != nil && !jobspec.Owned(job, t.owner, key)
	if job != nil && !foreign {
		e.ledger.NoteCreated(index)
		t.noteStop(job, now)
	}
	t.observed = plan.Observation{
		Settings: t.plan.Settings,
		Steering: e.steering(),
		Task:     stored,
		Admitted: e.ledger.Admitted(index),
		Created:  e.ledger.Created(index),
		Seen:     t.memory.seen,
		Foreign:  foreign,
		NodeGone: nodeGone,
		Job:      job,
		Since:    e.memory[index].grantedAt,
		Stopped:  t.memory.stopped,

		LogsSaved: e.memory[index].logsDone,
	}
	if node != nil {
		t.observed.UnreachableSince = plan.UnreachableSince(node)
	}
	switch {
	case job == nil:
		t.observed.Pods = e.Caches.PodsOfDeleted(name, key)
		t.observed.Others = e.Caches.PodsOfOthers(key)
	case foreign: // it may have replaced the task's own Job
		t.observed.Pods = e.Caches.PodsOfDeleted(name, key)
	default:
		t.observed.Pods = e.Caches.PodsOf(job, key)
	}
	return t, true
}

// act takes the step that was decided.
func (e *Execution) act(ctx context.Context, fence lease.Fence, t task, action plan.Action) error {
	if action.Unreachable {
		if silent, err := e.isSilent(ctx, t); err != nil || !silent {
			e.tasks.AddAfter(t.key, silencePause)
			return err
		}
	}
	if action.Running {
		e.noteStarted(t.index, action.Started)
	}
	switch action.Step {
	case plan.Create:
		if !e.beginCreate(t) {
			return nil
		}
		before := t.memory.unanswered
		err := e.createJob(ctx, fence, t)
		e.endCreate(t, t.memory.unanswered.Equal(before))
		return err
	case plan.Verify:
		return e.verifyJob(ctx, t, action.End)
	case plan.Stop:
		return e.stop(ctx, fence, t, action)
	case plan.SaveLogs:
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
		if action.Recheck > 0 {
			e.tasks.AddAfter(t.key, action.Recheck)
		}
		return nil
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
