package definition

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// ReadState reads from the API server which ticks were processed.
func (o *Opener) ReadState(ctx context.Context) (record.State, error) {
	state, problems, err := o.States.Read(ctx)
	for _, problem := range problems {
		// A controller that forgets ticks is better than a controller that does not start.
		o.Log.Warn("state not readable, and forgotten", "object", jobspec.StateName(o.Source.Current().Name), "problem", problem)
	}
	return state, err
}

// Resume continues from a state that was read. Requests of an earlier leader may still be
// carried out.
func (o *Opener) Resume(state record.State) { o.state, o.unanswered = state, o.Clock.Now() }

// swapState writes a change of the state, if there is one. If another client has written
// the state since it was read, swapState reads it again, and returns an error.
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
		current, readErr := o.ReadState(write)
		if readErr != nil {
			return readErr
		}
		o.state = current
		return fmt.Errorf("%w: it was read again", err)
	case kube.MayBeCarriedOut(err):
		o.unanswered = o.Clock.Now()
	}
	return err
}

// remember changes the state. If it cannot be written within startingDeadline, only this
// leader has the change, and writes it with the next one.
func (o *Opener) remember(ctx context.Context, fence lease.Fence, step string, firing execution.Firing, change func(*record.State) bool) {
	now := o.Clock.Now()
	deadline := now.Add(o.Source.Current().startingDeadline(now))
	err := o.untilDone(ctx, step, firing, deadline, func() error { return o.swapState(ctx, fence, change) })
	if err != nil {
		change(&o.state)
	}
}

// untilDone tries a step of opening an execution until it succeeds or the deadline, if
// there is one, has passed.
func (o *Opener) untilDone(ctx context.Context, step string, firing execution.Firing, deadline time.Time, try func() error) error {
	log := o.Log.With("step", step, "trigger", firing.Trigger, "scheduled", firing.Scheduled)
	return timing.Retrier{Clock: o.Clock, Jitter: o.Jitter}.Do(ctx, log, deadline, try)
}
