package definition

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// Ticker creates the Executions of the definition's ticks, and that of runOnStartup. It is
// for one goroutine.
type Ticker struct {
	*Opener
	start      Start
	startedUp  bool      // the execution of runOnStartup was processed
	aheadUntil time.Time // until when an event has announced that ticks are passed over

	// What follows is of the term.
	known   plan.State // what the Executions show: the state may have been deleted
	startup time.Time  // when the execution of runOnStartup was first tried
	passed  time.Time  // until when ticks are processed, which the state has to say
	created time.Time  // until when ticks have an Execution. The state says so once it has an entry
	failed  *failure   // the last try to create an Execution; nil: it succeeded
	last    time.Time  // the last tick that was handled
}

// Start is what a process began with.
type Start struct {
	At time.Time // runOnStartup counts from here
	// ConfigMap is the definition that the ConfigMap had; zero: it had none. The NodeCronJob
	// of it may come into being a moment later, or get its spec of now only then.
	ConfigMap config.Definition
}

// Door is what decides whether a tick gets an Execution.
type Door struct {
	plan.Door
	ID    execution.ID           // of the execution that is open
	About corev1.ObjectReference // its Execution
}

// NewTicker returns a ticker.
func NewTicker(o *Opener, start Start) *Ticker { return &Ticker{Opener: o, start: start} }

// Resume begins a term with what the Executions show. Those that wait may be of ticks.
func (t *Ticker) Resume(known plan.State, waiting []*v1alpha1.Execution) {
	t.known = known
	t.startup, t.passed, t.created, t.failed = time.Time{}, time.Time{}, time.Time{}, nil
	now, d := t.Clock.Now(), t.Source.Latest()
	t.last = known.Ticks[d.NodeCronJob()].Last
	s := t.State.State()
	s.Recall(known)
	if d.IsVacant() {
		return // it has no ticks
	}
	before := s.Ticks[d.NodeCronJob()].Last
	s.Follow(d.TicksOf(), d.hasTicksOf, now)
	if after := s.Ticks[d.NodeCronJob()].Last; after.After(before) {
		t.passed = after
	}
	for _, e := range waiting {
		t.created = later(t.created, t.tickOf(e))
	}
}

// Prepare changes a state so that it says what this replica knows of the ticks. Executions of
// ticks that wait, the oldest first, stay those of their ticks: of several of one tick, that
// which the controller has created, else the oldest.
func (t *Ticker) Prepare(s *plan.State, waiting []*v1alpha1.Execution) {
	d, now := t.Source.Latest(), t.Clock.Now()
	s.Recall(t.known)
	if d.IsVacant() {
		return // it has no ticks
	}
	next := s.Clone()
	if changed := next.Follow(d.TicksOf(), d.hasTicksOf, now); !changed && !t.passed.After(next.Ticks[d.NodeCronJob()].Last) {
		return
	}
	recorded := d.TicksOf()
	recorded.Schedule = s.Ticks[d.NodeCronJob()].Schedule
	firings := map[time.Time]string{}
	var ticks []time.Time
	for _, e := range waiting {
		// A person may have created others of the same tick, also before it has come.
		if at := t.tickOf(e); !at.IsZero() && (firings[at] == "" || d.isOwn(e.Name, at)) {
			ticks, firings[at] = append(ticks, at), string(e.UID)
		}
	}
	for _, at := range slices.SortedFunc(slices.Values(ticks), time.Time.Compare) {
		s.Pass(recorded, at, firings[at])
	}
	s.Follow(d.TicksOf(), d.hasTicksOf, now)
	if !t.passed.IsZero() {
		s.Pass(d.TicksOf(), t.passed, "")
	}
}

// LastTick returns the last tick that was handled, as far as this leader knows; zero: none was.
func (t *Ticker) LastTick() time.Time { return t.last }

// Passed notes that the tick of an Execution was processed: it needs no other one.
func (t *Ticker) Passed(e *v1alpha1.Execution) {
	if at := t.tickOf(e); !at.IsZero() {
		t.passed, t.last = later(t.passed, at), later(t.last, at)
	}
}

// IsTick reports whether an Execution is that of a tick that has come.
func (t *Ticker) IsTick(e *v1alpha1.Execution) bool { return !t.tickOf(e).IsZero() }

// tickOf returns the tick of an Execution that is one of a tick; zero: it is none of a tick that
// has come. A person may have created one of any time.
func (t *Ticker) tickOf(e *v1alpha1.Execution) time.Time {
	now := t.Clock.Now()
	firing := t.Source.Latest().firingOf(e, now)
	if firing.Trigger != execution.Cron || firing.Scheduled.After(now) {
		return time.Time{}
	}
	return firing.Scheduled
}

// Ticks returns which ticks were processed, as far as is known.
func (t *Ticker) Ticks() plan.Ticks {
	s := t.State.State()
	s.Recall(t.known)
	return s.TicksOf(t.Source.Latest().TicksOf())
}

// Tick creates the Execution of what is due, and returns it. If nothing is, or it cannot be
// created, Tick returns when to look again; zero: after the door has changed.
func (t *Ticker) Tick(ctx context.Context, fence lease.Fence, door Door) (e *v1alpha1.Execution, next time.Time) {
	d, now, ticks := t.Source.Latest(), t.Clock.Now(), t.Ticks()
	startup := t.startupDue(ticks.Opened)
	if !startup.IsZero() && !now.Before(startup) {
		isSuspended := !startup.After(d.suspendedUntil(now))
		if e, startup = t.fireStartup(ctx, fence, door, isSuspended); e != nil {
			return e, now
		}
	}
	last := t.skipSuspended(ctx, door, later(later(ticks.Last, t.passed), t.created))
	at, missed := plan.Due(d.schedule, last, now, d.Deadline(now))
	if missed > 0 {
		t.miss(ctx, last, at, missed, door.LastError)
	}
	var again time.Time
	switch {
	case !at.IsZero():
		if e, again = t.fire(ctx, fence, execution.Firing{Trigger: execution.Cron, Scheduled: at}, door, false); e != nil {
			return e, now
		}
	case missed > 0, last.Before(d.since), ticks.Schedule != d.scheduleText:
		// A tick of the new schedule from before the change does not count, also
		// for the next leader.
		t.passed = later(t.passed, now)
	}
	next = t.nextTick(ctx, later(later(ticks.Last, t.passed), t.created), now)
	t.Metrics.SetNextTick(next)
	return nil, timing.Earliest(timing.Earliest(next, startup), again)
}

// miss notes and announces ticks after the last one that are past startingDeadline, or that a
// later tick replaces, and that have no Execution. at is a later tick that is due; zero: there is none. held is why another
// Execution, which was to be opened first, was not.
func (t *Ticker) miss(ctx context.Context, last, at time.Time, missed int, held error) {
	first := execution.Firing{Trigger: execution.Cron, Scheduled: t.Source.Latest().schedule.Next(last)}
	if f := t.failed; f != nil && f.firing.Trigger == execution.Cron && f.firing.Scheduled.After(last) && !f.firing.Scheduled.Equal(at) {
		first, held = f.firing, f.err
		t.failed = nil
	}
	if held != nil {
		t.AnnounceMissed(ctx, first, held)
		missed--
	}
	if missed > 0 {
		t.announceOverdue(ctx, last, missed)
	}
	if at.IsZero() {
		t.passed = later(t.passed, t.Clock.Now())
	} else {
		t.passed = later(t.passed, at.Add(-time.Second))
	}
}

// startupDue returns when the execution of runOnStartup is due, or the zero time. Only the
// configuration of the start counts, and not that of a NodeCronJob that was created later.
func (t *Ticker) startupDue(opened time.Time) time.Time {
	first := t.Source.First()
	if first == nil {
		return time.Time{}
	}
	begun := first.Definition
	switch of := first.Object; {
	case of.FromConfigMap && t.Source.Latest().Object.UID != of.UID: // it was deleted, and created again
		return time.Time{}
	case of.FromConfigMap:
		begun = t.start.ConfigMap
	case of.Created.After(t.start.At):
		return time.Time{}
	}
	since := t.start.At.Truncate(time.Second) // as opened is
	return plan.StartupDue(plan.Startup{
		Configured: begun.RunOnStartup, Delay: begun.StartupDelay, ProcessStarted: t.start.At,
		Processed: t.startedUp, Opened: !opened.IsZero() && !opened.Before(since),
	})
}

// fireStartup creates the Execution of runOnStartup.
func (t *Ticker) fireStartup(ctx context.Context, fence lease.Fence, door Door, isSuspended bool) (e *v1alpha1.Execution, again time.Time) {
	now := t.Clock.Now()
	if t.startup.IsZero() {
		t.startup = now.UTC().Truncate(time.Second)
	}
	firing := execution.Firing{Trigger: execution.Startup, Scheduled: t.startup}
	if now.After(t.Source.Latest().latestStart(firing, now)) {
		t.AnnounceMissed(ctx, firing, t.whyNot(firing))
		t.startedUp = true
		return nil, time.Time{}
	}
	return t.fire(ctx, fence, firing, door, isSuspended)
}

// whyNot returns why the Execution of a firing was not created.
func (t *Ticker) whyNot(firing execution.Firing) error {
	if t.failed != nil && t.failed.firing.Equal(firing) {
		return t.failed.err
	}
	return errOtherFirst
}

func (t *Ticker) skip(ctx context.Context, firing execution.Firing, door Door, decision plan.TickDecision) {
	if ctx.Err() != nil {
		return // the next leader processes the tick
	}
	t.Log.Warn("tick skipped", "reason", decision.Reason, "execution", door.ID, "trigger", firing.Trigger, "scheduled", firing.Scheduled)
	t.Metrics.TickSkipped(string(decision.Reason))
	if decision.Announce {
		t.Announcer.Announce(ctx, door.About, true, kube.EventTickSkipped,
			fmt.Sprintf("the %s execution due at %s was skipped: execution %s is still open", firing.Trigger, firing.Scheduled.UTC().Format(time.RFC3339), door.ID))
	}
}

// nextTick returns when the next tick runs. If ticks before it do not run, because they
// count as processed, it announces that once.
func (t *Ticker) nextTick(ctx context.Context, until, now time.Time) time.Time {
	next, passedOver := plan.NextTick(t.Source.Latest().schedule, until, now)
	if !passedOver || until.Equal(t.aheadUntil) {
		return next
	}
	t.aheadUntil = until
	t.Log.Warn("ticks are passed over: the clock was ahead when the last one was processed", "until", until, "next", next)
	then := "none runs after that"
	if !next.IsZero() {
		then = "the next one that runs is at " + next.UTC().Format(time.RFC3339)
	}
	state := jobspec.StateName(t.Source.Latest().Name)
	t.Announcer.Announce(ctx, t.about(), true, kube.EventTicksPassedOver, fmt.Sprintf(
		"ticks until %s count as processed, because a clock was ahead; %s. To run them, delete the executions from the future and ConfigMap %s, and restart the controller",
		until.UTC().Format(time.RFC3339), then, state))
	return next
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
