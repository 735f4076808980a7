package controller

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// workOnTasks gives one node task after the other its turn.
func (c *Controller) workOnTasks(ctx context.Context, fence lease.Fence) {
	for {
		key, shutdown := c.tasks.Get()
		if shutdown {
			return
		}
		if err := c.turn(ctx, fence, key); err != nil && ctx.Err() == nil {
			c.Log.Warn("node task will be tried again", "execution", key.Execution, "node", key.Node, "error", err)
			c.tasks.AddRateLimited(key)
		} else {
			c.tasks.Forget(key)
		}
		c.tasks.Done(key)
	}
}

// turn does what is next for one node task: gather, decide, act.
func (c *Controller) turn(ctx context.Context, fence lease.Fence, key execution.Key) error {
	t, ok := c.gather(key)
	if !ok {
		return nil
	}
	action := plan.Next(t.sight, c.now())
	return c.act(ctx, fence, t, action)
}

// task is one node task in its turn.
type task struct {
	key   execution.Key
	index int
	name  string // of its Job
	open  *openExecution
	plan  execution.Plan
	owner jobspec.Owner
	sight plan.Sight
}

// gather collects what is known about the task. It reports whether there is
// anything to decide.
func (c *Controller) gather(key execution.Key) (task, bool) {
	name := jobspec.JobName(c.config().Name, key)
	job := c.caches.Job(c.Namespace, name)
	now := c.Clock.Now()

	c.mu.Lock()
	defer c.mu.Unlock()
	open := c.open
	if open == nil || open.record.Plan.ID != key.Execution {
		return task{}, false
	}
	known, ok := open.ledger.Task(key.Node)
	if !ok || known.Outcome.State.Final() {
		return task{}, false
	}
	node := c.caches.Node(known.Node)
	nodeGone := node == nil
	created := job != nil || open.ledger.Created(known.Index)
	if !nodeGone && !created && !open.ledger.Granted(known.Index) {
		return task{}, false // it waits for a slot
	}
	t := task{key: key, index: known.Index, name: name, open: open, plan: open.record.Plan, owner: open.record.Owner()}
	memory := &open.tasks[known.Index]
	memory.seen = memory.seen || job != nil
	foreign := job != nil && !jobspec.Owned(job, t.owner, key)
	if job != nil && !foreign {
		open.ledger.NoteCreated(known.Index)
		if end, stopped := plan.StopOf(job); stopped && memory.stopped == nil {
			memory.stopped = &plan.Stopped{At: now, End: end} // by an earlier leader
		}
	}
	t.sight = plan.Sight{
		Settings: t.plan.Settings,
		Task:     known,
		Admitted: open.ledger.Admitted(known.Index),
		Created:  open.ledger.Created(known.Index),
		Seen:     memory.seen,
		Foreign:  foreign,
		NodeGone: nodeGone,
		Job:      job,
		Since:    memory.grantedAt,
		Stopped:  memory.stopped,

		LogsSaved: memory.logsDone,
	}
	if node != nil {
		t.sight.Silent = plan.SilentSince(node)
	}
	switch {
	case job == nil:
		t.sight.Pods = c.caches.PodsOfDeleted(name, key)
		t.sight.Others = c.caches.PodsOfOthers(key)
	case foreign: // it may have been ours
		t.sight.Pods = c.caches.PodsOfDeleted(name, key)
	default:
		t.sight.Pods = c.caches.PodsOf(job, key)
	}
	return t, true
}

// act does the step.
func (c *Controller) act(ctx context.Context, fence lease.Fence, t task, action plan.Action) error {
	if action.Silent {
		if silent, err := c.isSilent(ctx, t); err != nil || !silent {
			c.tasks.AddAfter(t.key, silencePause)
			return err
		}
	}
	switch action.Step {
	case plan.Create:
		return c.createJob(ctx, fence, t)
	case plan.Verify:
		return c.verifyJob(ctx, t, action.End)
	case plan.Stop:
		return c.stopJob(ctx, fence, t, action.End)
	case plan.SaveLogs:
		c.noteStarted(t, action)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.queueLogs(t.open, t.index)
		return nil
	case plan.Finish:
		if wait := c.strayWait(t); t.sight.Job == nil && wait > 0 {
			c.tasks.AddAfter(t.key, wait)
			return nil
		}
		c.finish(ctx, t, action.End)
		return nil
	default:
		c.noteStarted(t, action)
		if action.Recheck > 0 {
			c.tasks.AddAfter(t.key, action.Recheck)
		}
		return nil
	}
}

func (c *Controller) noteStarted(t task, action plan.Action) {
	if !action.Running {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	t.open.ledger.NoteStarted(t.index, action.Started)
}

// createJob creates the task's Job. That its name is taken is no error: it was
// created before, by a request whose answer was lost or by another leader.
func (c *Controller) createJob(ctx context.Context, fence lease.Fence, t task) error {
	write, done, err := fence(ctx)
	if err != nil {
		return err
	}
	defer done()
	p := t.plan
	p.Settings.CallbackName = c.hostFor(write, p.Settings)
	job, err := jobspec.Render(p, t.index, jobspec.Options{
		Controller: c.config().Name, Namespace: c.Namespace, Owner: t.owner, Extensions: t.open.config.extensions,
	})
	if err != nil {
		return c.refused(ctx, t, plan.Invalid, err)
	}
	if err := c.ensureTokens(write, t); err != nil {
		if errors.Is(err, errNoKeyring) || plan.Judge(err) != plan.Unheard {
			// Its fields are not the template's: that it is invalid ends no task.
			return c.refused(ctx, t, plan.Refused, err)
		}
		return err
	}
	_, err = c.Client.BatchV1().Jobs(c.Namespace).Create(write, job, metav1.CreateOptions{})
	switch {
	case err == nil:
		c.noteCreated(t)
		return nil
	case apierrors.IsAlreadyExists(err):
		return c.verifyJob(ctx, t, execution.End{})
	}
	c.Metrics.JobCreateFailed(statusCode(err))
	if mayBeDone(err) {
		c.noteUnanswered(t)
	}
	return c.refused(ctx, t, plan.Judge(err), fmt.Errorf("create Job %s: %w", t.name, err))
}

func (c *Controller) failed(reason execution.Reason, err error) execution.End {
	return execution.End{
		Outcome:  execution.Outcome{State: execution.Failed, Reason: reason},
		Message:  err.Error(),
		Finished: c.Clock.Now(),
	}
}

func statusCode(err error) string {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return strconv.Itoa(int(status.Status().Code))
	}
	return "none" // no answer came
}

func (c *Controller) noteCreated(t task) {
	now := c.Clock.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	t.open.ledger.NoteCreated(t.index)
	memory := &t.open.tasks[t.index]
	memory.refused = time.Time{}
	if !memory.slotFreed.IsZero() {
		c.Metrics.SlotRefilled(now.Sub(memory.slotFreed))
		memory.slotFreed = time.Time{}
	}
	c.notifyKeeper()
}

// verifyJob asks the API server, not the cache, whether the task's Job exists
// and is ours. If there is none, and no pod of it either, the task ends, unless
// end is empty.
func (c *Controller) verifyJob(ctx context.Context, t task, end execution.End) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	job, err := c.Client.BatchV1().Jobs(c.Namespace).Get(ctx, t.name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err) && end.Outcome.State.Final():
		if wait := c.strayWait(t); wait > 0 {
			c.tasks.AddAfter(t.key, wait)
			return nil
		}
		if orphan, err := c.leavesOrphan(ctx, t); err != nil || orphan {
			c.tasks.AddAfter(t.key, orphanPause)
			return err
		}
		c.finish(ctx, t, end)
		return nil
	case err != nil:
		return fmt.Errorf("read Job %s: %w", t.name, err)
	case !jobspec.Owned(job, t.owner, t.key):
		t.sight.Job, t.sight.Foreign = job, true
		if orphan, err := c.leavesOrphan(ctx, t); err != nil || orphan {
			c.tasks.AddAfter(t.key, orphanPause)
			return err
		}
		c.finish(ctx, t, plan.ForeignEnd(job.Name, c.now()))
		return nil
	}
	c.noteCreated(t)
	c.tasks.AddAfter(t.key, longestSleep) // in case the cache has lost it
	return nil
}

// finish takes down how the task ended, frees its slot, has its logs saved, and
// says so if it failed.
func (c *Controller) finish(ctx context.Context, t task, end execution.End) {
	if !t.sight.Task.Reported {
		c.findResult(t.open, t.index)
	}
	if known, failures, news := c.noteEnd(t, end); news {
		c.announceFailure(ctx, t, known, failures)
	}
}

// noteEnd returns how the task ended, and how many have failed so far.
func (c *Controller) noteEnd(t task, end execution.End) (known execution.Task, failures int, news bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open != t.open {
		return known, 0, false
	}
	if t.sight.Job != nil && !t.sight.Foreign {
		news = t.open.ledger.Finish(t.index, end)
		if news && t.open.ledger.Granted(t.index) {
			t.open.freed = append(t.open.freed, c.Clock.Now())
		}
	} else {
		news = t.open.ledger.GiveUp(t.index, end)
	}
	if !news {
		return known, 0, false
	}
	c.exportTask(t.open, t.index)
	known, _ = t.open.ledger.Task(t.key.Node)
	if isFailure(known.Outcome.State) {
		t.open.failures++
	}
	c.Metrics.TaskEnded(string(known.Outcome.State), string(known.Outcome.Reason))
	c.grant(t.open)
	c.queueLogs(t.open, t.index)
	c.Log.Info("node task ended", "execution", t.key.Execution, "node", t.key.Node, "job", t.name,
		"state", known.Outcome.State, "reason", known.Outcome.Reason, "message", known.Message, "reported", known.Reported)
	c.notifyKeeper()
	return known, t.open.failures, true
}
