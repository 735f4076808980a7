package controller

import (
	"context"
	"fmt"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// longestSleep bounds how long the clock goes unread: a timer does not notice
// that somebody set the clock.
const longestSleep = 30 * time.Second

// runTicks opens an execution whenever one is due.
func (c *Controller) runTicks(ctx context.Context, fence lease.Fence) {
	c.followSchedule(ctx, fence)
	c.resumeOpening(ctx, fence, errNotLed)
	for ctx.Err() == nil { // otherwise what is due is the next term's, in this process or another
		cfg, now := c.config(), c.Clock.Now()
		startup := c.startupDue()
		if !startup.IsZero() && !now.Before(startup) {
			c.fire(ctx, fence, execution.Firing{Trigger: execution.Startup, Scheduled: now})
			if ctx.Err() != nil {
				return // it may not have begun
			}
			c.startedUp, startup = true, time.Time{}
		}
		at, missed := plan.Due(cfg.schedule, c.state.LastTick, now, c.startingDeadline(now))
		if missed > 0 {
			c.ticksMissed(ctx, c.state.LastTick, missed)
		}
		switch {
		case !at.IsZero():
			c.fire(ctx, fence, execution.Firing{Trigger: execution.Cron, Scheduled: at})
		case missed > 0, c.state.LastTick.Before(cfg.since), c.state.Schedule != cfg.scheduleText:
			// From before the change no tick of the new schedule counts, whichever
			// replica leads next.
			c.passTicks(ctx, fence, now)
		}
		next := c.nextTick(ctx, now)
		c.Metrics.SetNextTick(next)
		if !c.sleepUntil(ctx, earliest(next, startup), c.reconfigured) {
			return
		}
	}
}

// startingDeadline is how late an execution may begin.
func (c *Controller) startingDeadline(now time.Time) time.Duration {
	cfg := c.config()
	if cfg.StartingDeadline > 0 {
		return cfg.StartingDeadline
	}
	return plan.DefaultStartingDeadline(cfg.schedule, now)
}

// startupDue returns when the execution of runOnStartup is due, or the zero
// time: one that was opened since this process started stands for it, so that
// replicas that start together run one execution. A configuration that came after
// the start is none of its business.
func (c *Controller) startupDue() time.Time {
	if !c.Options.Config.RunOnStartup || c.startedUp {
		return time.Time{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for id := range c.known {
		if !id.Time().Before(c.started.Truncate(time.Second)) {
			return time.Time{}
		}
	}
	return c.started.Add(c.Options.Config.StartupDelay)
}

func earliest(a, b time.Time) time.Time {
	if b.IsZero() || (!a.IsZero() && a.Before(b)) {
		return a
	}
	return b
}

// sleepUntil sleeps until the time, or for longestSleep, or until there is news.
// It reports whether ctx still lasts.
func (c *Controller) sleepUntil(ctx context.Context, at time.Time, news <-chan struct{}) bool {
	wait := longestSleep
	if !at.IsZero() {
		wait = min(max(at.Sub(c.Clock.Now()), 0), longestSleep)
	}
	timer := c.Clock.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-news:
		return true
	case <-timer.C():
		return true
	}
}

// untilDone tries a step until that succeeds, it is too late for it, or ctx ends:
// while the API server is away a tick is late, not lost. It returns the last
// error. Without a time it is never too late.
func (c *Controller) untilDone(ctx context.Context, step string, why execution.Firing, late time.Time, try func() error) error {
	for pauses := backoff.New(250*time.Millisecond, 15*time.Second, c.Jitter); ; {
		err := try()
		now := c.Clock.Now()
		if err == nil || ctx.Err() != nil || (!late.IsZero() && now.After(late)) {
			return err
		}
		c.Log.Error("a step failed, trying again", "step", step, "trigger", why.Trigger, "scheduled", why.Scheduled, "error", err)
		again := now.Add(pauses.Next())
		if !late.IsZero() && again.After(late) {
			again = late.Add(1) // the last try
		}
		if !c.sleepUntil(ctx, again, nil) {
			return ctx.Err()
		}
	}
}

// remember changes the state. If the API server does not take that for as long as
// an execution may be late, this leader alone remembers it, and goes on: it is
// written with the next change.
func (c *Controller) remember(ctx context.Context, fence lease.Fence, step string, why execution.Firing, change func(*record.State) bool) {
	now := c.Clock.Now()
	err := c.untilDone(ctx, step, why, now.Add(c.startingDeadline(now)), func() error { return c.swapState(ctx, fence, change) })
	if err != nil {
		change(&c.state)
	}
}

// passTicks remembers that the ticks up to a time were dealt with.
func (c *Controller) passTicks(ctx context.Context, fence lease.Fence, until time.Time) {
	c.remember(ctx, fence, "remember the last tick", execution.Firing{Trigger: execution.Cron, Scheduled: until}, func(s *record.State) bool { return s.Pass(c.config().scheduleText, until) })
}

// followSchedule takes down the schedule that applies. One that was changed while
// no replica led has no ticks from before now.
func (c *Controller) followSchedule(ctx context.Context, fence lease.Fence) {
	now := c.Clock.Now()
	c.remember(ctx, fence, "remember the schedule", execution.Firing{Trigger: execution.Cron, Scheduled: now}, func(s *record.State) bool {
		cfg := c.config()
		return s.Follow(cfg.scheduleText, cfg.knowsTicksOf, now)
	})
}

// nextTick returns when the next tick runs. It says so once if ticks before it do
// not, because they count as dealt with.
func (c *Controller) nextTick(ctx context.Context, now time.Time) time.Time {
	until := c.state.LastTick
	next, passedOver := plan.NextTick(c.config().schedule, until, now)
	if !passedOver || until.Equal(c.aheadTold) {
		return next
	}
	c.aheadTold = until
	c.Log.Warn("ticks are passed over: the clock was ahead when the last one was dealt with", "until", until, "next", next)
	then := "none runs after that"
	if !next.IsZero() {
		then = "the next one that runs is at " + next.UTC().Format(time.RFC3339)
	}
	c.announce(ctx, c.stateReference(), true, kube.EventTicksPassedOver, fmt.Sprintf(
		"ticks until %s count as dealt with, because a clock was ahead; %s. To run them, delete the executions from the future and ConfigMap %s, and restart the controller",
		until.UTC().Format(time.RFC3339), then, c.stateReference().Name))
	return next
}

func (c *Controller) ticksMissed(ctx context.Context, since time.Time, missed int) {
	c.Metrics.TicksMissed(missed)
	c.Log.Warn("ticks missed", "count", missed, "since", since)
	c.announce(ctx, c.stateReference(), true, kube.EventTicksMissed,
		fmt.Sprintf("%d ticks since %s were missed: when they were due no replica led, or none could begin them", missed, since.UTC().Format(time.RFC3339)))
}

// current returns the record of the open execution, or nil.
func (c *Controller) current() *record.Record {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		return nil
	}
	r := c.open.record
	return &r
}
