package definition

import (
	"context"
	"fmt"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// Ticker opens an execution of the definition at each tick.
type Ticker struct {
	*Opener
	started    time.Time // of this process: runOnStartup counts from here
	startedUp  bool      // the execution of runOnStartup was processed
	aheadUntil time.Time // until when an event has announced that ticks are passed over
}

// NewTicker returns a ticker of a process that started at a time.
func NewTicker(o *Opener, started time.Time) *Ticker { return &Ticker{Opener: o, started: started} }

// Run opens an execution whenever one is due, until ctx ends.
func (t *Ticker) Run(ctx context.Context, fence lease.Fence) {
	t.followSchedule(ctx, fence)
	t.resume(ctx, fence, errNotLed)
	for ctx.Err() == nil {
		d, now := t.Source.Current(), t.Clock.Now()
		startup := t.startupDue()
		if !startup.IsZero() && !now.Before(startup) {
			t.Fire(ctx, fence, execution.Firing{Trigger: execution.Startup, Scheduled: now})
			if ctx.Err() != nil {
				return // the execution may not have begun: the next term opens it
			}
			t.startedUp, startup = true, time.Time{}
		}
		at, missed := plan.Due(d.schedule, t.state.LastTick, now, d.startingDeadline(now))
		if missed > 0 {
			t.announceOverdue(ctx, t.state.LastTick, missed)
		}
		switch {
		case !at.IsZero():
			t.Fire(ctx, fence, execution.Firing{Trigger: execution.Cron, Scheduled: at})
		case missed > 0, t.state.LastTick.Before(d.since), t.state.Schedule != d.scheduleText:
			// A tick of the new schedule from before the change does not count, also
			// for the next leader.
			t.pass(ctx, fence, now)
		}
		next := t.nextTick(ctx, now)
		t.Metrics.SetNextTick(next)
		if !timing.Sleep(ctx, t.Clock, earliest(next, startup), t.Source.changed) {
			return
		}
	}
}

// startupDue returns when the execution of runOnStartup is due, or the zero time. Only the
// configuration of the start counts.
func (t *Ticker) startupDue() time.Time {
	since := t.started.Truncate(time.Second) // IDs have whole seconds
	return plan.StartupDue(plan.Startup{
		Configured: t.Source.Initial.RunOnStartup, Delay: t.Source.Initial.StartupDelay, ProcessStarted: t.started,
		Processed: t.startedUp, Opened: t.Running.OpenedSince(since),
	})
}

func earliest(a, b time.Time) time.Time {
	if b.IsZero() || (!a.IsZero() && a.Before(b)) {
		return a
	}
	return b
}

// followSchedule records the schedule that applies. A schedule that was changed while no
// replica led has no ticks from before now.
func (t *Ticker) followSchedule(ctx context.Context, fence lease.Fence) {
	now := t.Clock.Now()
	t.remember(ctx, fence, "remember the schedule", execution.Firing{Trigger: execution.Cron, Scheduled: now}, func(s *record.State) bool {
		d := t.Source.Current()
		return s.Follow(d.scheduleText, d.hasTicksOf, now)
	})
}

// nextTick returns when the next tick runs. If ticks before it do not run, because they
// count as processed, it announces that once.
func (t *Ticker) nextTick(ctx context.Context, now time.Time) time.Time {
	until := t.state.LastTick
	next, passedOver := plan.NextTick(t.Source.Current().schedule, until, now)
	if !passedOver || until.Equal(t.aheadUntil) {
		return next
	}
	t.aheadUntil = until
	t.Log.Warn("ticks are passed over: the clock was ahead when the last one was processed", "until", until, "next", next)
	then := "none runs after that"
	if !next.IsZero() {
		then = "the next one that runs is at " + next.UTC().Format(time.RFC3339)
	}
	state := record.StateReference(t.Namespace, t.Source.Current().Name)
	t.Announcer.Announce(ctx, state, true, kube.EventTicksPassedOver, fmt.Sprintf(
		"ticks until %s count as processed, because a clock was ahead; %s. To run them, delete the executions from the future and ConfigMap %s, and restart the controller",
		until.UTC().Format(time.RFC3339), then, state.Name))
	return next
}
