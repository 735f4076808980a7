package definition

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// ReadState reads which ticks were processed from the API server.
func (o *Opener) ReadState(ctx context.Context) (record.State, error) {
	there, problems, err := o.States.Read(ctx)
	for _, problem := range problems {
		// Forgotten ticks are not worth a controller that does not start.
		o.Log.Warn("state not readable, and forgotten", "object", record.StateName(o.Source.Current().Name), "problem", problem)
	}
	return there, err
}

// Resume has the opener go on from a state, of which an earlier leader may have sent
// requests that are still on their way.
func (o *Opener) Resume(state record.State) { o.state, o.unanswered = state, o.Clock.Now() }

// swapState changes the state, unless there is no change to make, or another
// replica or a person wrote it since it was read: then it is read again, and the
// error says so.
func (o *Opener) swapState(ctx context.Context, fence lease.Fence, change func(*record.State) bool) error {
	next := o.state
	if !change(&next) {
		return nil
	}
	write, done, err := fence(ctx)
	if err != nil {
		return err
	}
	defer done()
	written, err := o.States.Swap(write, next)
	switch {
	case err == nil:
		o.state = written
		return nil
	case errors.Is(err, record.ErrConflict):
		there, readErr := o.ReadState(write)
		if readErr != nil {
			return readErr
		}
		o.state = there
		return fmt.Errorf("%w: it was read again", err)
	case kube.MayBeCarriedOut(err):
		o.unanswered = o.Clock.Now()
	}
	return err
}

// remember changes the state. If the API server does not take that for as long as
// an execution may be late, this leader alone remembers it, and goes on: it is
// written with the next change.
func (o *Opener) remember(ctx context.Context, fence lease.Fence, step string, why execution.Firing, change func(*record.State) bool) {
	now := o.Clock.Now()
	late := now.Add(o.Source.Current().startingDeadline(now))
	err := o.untilDone(ctx, step, why, late, func() error { return o.swapState(ctx, fence, change) })
	if err != nil {
		change(&o.state)
	}
}

// untilDone tries a step of opening an execution until it is done or too late.
func (o *Opener) untilDone(ctx context.Context, step string, why execution.Firing, late time.Time, try func() error) error {
	log := o.Log.With("step", step, "trigger", why.Trigger, "scheduled", why.Scheduled)
	return timing.Retrier{Clock: o.Clock, Jitter: o.Jitter}.Do(ctx, log, late, try)
}
