package controller

import (
	"context"
	"fmt"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// longestSleep bounds how long the clock goes unread: a timer does not notice
// that somebody set the clock.
const longestSleep = 30 * time.Second

// runTicks opens an execution whenever one is due. Last is the scheduled time
// of the last tick that was dealt with.
func (c *Controller) runTicks(ctx context.Context, fence Fence, last time.Time) {
	startup := c.startupDue()
	for {
		now := c.Clock.Now()
		if !startup.IsZero() && !now.Before(startup) {
			c.fire(ctx, fence, execution.Startup, now)
			startup = time.Time{}
		}
		deadline := c.Config.StartingDeadline
		if deadline == 0 {
			deadline = plan.DefaultStartingDeadline(c.schedule, now)
		}
		at, missed := plan.Due(c.schedule, last, now, deadline)
		if missed > 0 {
			c.ticksMissed(ctx, last, missed)
		}
		if !at.IsZero() {
			c.fire(ctx, fence, execution.Cron, at)
		}
		if !at.IsZero() || missed > 0 {
			last = now
			c.saveLastTick(ctx, last)
		}
		next := c.schedule.Next(now)
		c.Metrics.SetNextTick(next)
		if !c.sleepUntil(ctx, earliest(next, startup)) {
			return
		}
	}
}

// startupDue returns when the execution of runOnStartup is due, or the zero
// time: one that was opened since this process started stands for it, so that
// replicas that start together run one execution.
func (c *Controller) startupDue() time.Time {
	if !c.Config.RunOnStartup {
		return time.Time{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for id := range c.known {
		if !id.Time().Before(c.started.Truncate(time.Second)) {
			return time.Time{}
		}
	}
	return c.started.Add(c.Config.StartupDelay)
}

func earliest(a, b time.Time) time.Time {
	if b.IsZero() || (!a.IsZero() && a.Before(b)) {
		return a
	}
	return b
}

// sleepUntil sleeps until the time, or for longestSleep. It reports whether ctx
// still lasts.
func (c *Controller) sleepUntil(ctx context.Context, at time.Time) bool {
	wait := longestSleep
	if !at.IsZero() {
		wait = min(max(at.Sub(c.Clock.Now()), 0), longestSleep)
	}
	timer := c.Clock.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C():
		return true
	}
}

// fire opens an execution, unless one is open: nothing runs twice on a node at
// the same time.
func (c *Controller) fire(ctx context.Context, fence Fence, trigger execution.Trigger, at time.Time) {
	if busy := c.current(); busy != nil {
		c.Log.Warn("tick skipped: an execution is open", "execution", busy.plan.ID, "trigger", trigger, "scheduled", at)
		c.Metrics.TickSkipped("open_execution")
		c.announce(ctx, recordReference(busy.object), true, eventTickSkipped,
			fmt.Sprintf("the %s execution due at %s was skipped: execution %s is still open", trigger, at.UTC().Format(time.RFC3339), busy.plan.ID))
		return
	}
	c.openUntilDone(ctx, fence, trigger, at)
}

// openUntilDone tries to open an execution until that succeeds or ctx ends:
// while the API server is away a tick is late, not lost.
func (c *Controller) openUntilDone(ctx context.Context, fence Fence, trigger execution.Trigger, at time.Time) {
	for delay := 250 * time.Millisecond; ; delay = min(2*delay, 15*time.Second) {
		err := c.openExecution(ctx, fence, trigger, at)
		if err == nil || ctx.Err() != nil {
			return
		}
		c.Log.Error("execution not opened, trying again", "trigger", trigger, "scheduled", at, "error", err)
		if !c.sleepUntil(ctx, c.Clock.Now().Add(delay)) {
			return
		}
	}
}

func (c *Controller) ticksMissed(ctx context.Context, since time.Time, missed int) {
	c.Metrics.TicksMissed(missed)
	c.Log.Warn("ticks missed", "count", missed, "since", since)
	c.announce(ctx, c.stateReference(), true, eventTicksMissed,
		fmt.Sprintf("%d ticks since %s were missed: nobody led when they were due", missed, since.UTC().Format(time.RFC3339)))
}

// current returns the record of the open execution, or nil.
func (c *Controller) current() *record {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		return nil
	}
	r := c.open.record
	return &r
}
