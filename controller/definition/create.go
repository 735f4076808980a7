package definition

import (
	"context"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// The pause after a failed try doubles from the first to the last.
const firstPause, lastPause = 250 * time.Millisecond, 15 * time.Second

// Pauses returns the pauses between tries to open an execution.
func (o *Opener) Pauses() *backoff.Backoff { return backoff.New(firstPause, lastPause, o.Jitter) }

// failure is an Execution that could not be created at the last try.
type failure struct {
	firing execution.Firing
	err    error
	pauses *backoff.Backoff
	again  time.Time
}

// fire creates the Execution of a firing, unless it is skipped, or has to wait. If it could
// not be created, fire returns when to try again.
func (t *Ticker) fire(ctx context.Context, fence lease.Fence, firing execution.Firing, door Door, isSuspended bool) (e *v1alpha1.Execution, again time.Time) {
	now := t.Clock.Now()
	switch decision := plan.DecideTick(door.Door, isSuspended); decision.Do {
	case plan.TickLater:
		return nil, time.Time{}
	case plan.TickSkip:
		t.skip(ctx, firing, door, decision)
		t.processed(firing, now)
		return nil, time.Time{}
	case plan.TickCreate:
	}
	if t.failed != nil && t.failed.firing.Equal(firing) && now.Before(t.failed.again) {
		return nil, t.failed.again
	}
	e, err := t.create(ctx, fence, firing)
	if err != nil {
		return nil, t.fail(firing, err)
	}
	t.failed = nil
	if firing.Trigger == execution.Startup {
		t.startedUp = true
	} else {
		t.created, t.last = later(t.created, firing.Scheduled), later(t.last, firing.Scheduled)
	}
	return e, now
}

func (t *Ticker) create(ctx context.Context, fence lease.Fence, firing execution.Firing) (*v1alpha1.Execution, error) {
	write, done, err := fence(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return t.Records.Create(write, t.Source.Latest().Of(), firing)
}

// fail notes that the Execution of a firing could not be created, and returns when to try
// again.
func (t *Ticker) fail(firing execution.Firing, err error) (again time.Time) {
	t.Log.Error("a step failed, trying again", "step", "create an execution", "trigger", firing.Trigger, "scheduled", firing.Scheduled, "error", err)
	f := t.failed
	if f == nil || !f.firing.Equal(firing) {
		f = &failure{firing: firing, pauses: t.Pauses()}
	}
	now := t.Clock.Now()
	f.err, f.again = err, now.Add(f.pauses.Next())
	if latest := t.Source.Latest().latestStart(firing, now); latest.After(now) && f.again.After(latest) {
		f.again = latest // the last try
	}
	t.failed = f
	return f.again
}

// processed notes that a firing needs no Execution any more.
func (t *Ticker) processed(firing execution.Firing, now time.Time) {
	if firing.Trigger == execution.Startup {
		t.startedUp = true
	} else {
		t.passed, t.last = later(t.passed, now), later(t.last, firing.Scheduled)
	}
}
