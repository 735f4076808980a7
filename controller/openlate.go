package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// errNotLed is why an execution was not opened that an earlier leader began.
var errNotLed = errors.New("no replica led in time")

// tooLate returns until when an execution may be opened.
func (c *Controller) tooLate(why execution.Firing, now time.Time) time.Time {
	return why.Scheduled.Add(c.startingDeadline(now))
}

// openInTime opens the execution that the state says is being opened, or gives it
// up at startingDeadline: what stands in its way must not stand in that of the
// next tick too. If it is too late already, the reason is late.
func (c *Controller) openInTime(ctx context.Context, fence lease.Fence, why execution.Firing, late error) {
	err := late
	if now := c.Clock.Now(); !now.After(c.tooLate(why, now)) {
		err = c.untilDone(ctx, "open an execution", why, c.tooLate(why, now), func() error { return c.openExecution(ctx, fence, why) })
	}
	if err == nil || ctx.Err() != nil {
		return
	}
	opened := false
	looked := c.untilDone(ctx, "look for the execution", why, time.Time{}, func() (err error) {
		opened, err = c.findOpened(ctx, why)
		return err
	})
	if looked == nil && !opened {
		c.giveUp(ctx, why, err)
	}
}

// hasBegun looks whether a request whose answer was lost has written that the
// execution begins, when none can be on its way any more: the state is what the
// next tick, or the next leader, goes by.
func (c *Controller) hasBegun(ctx context.Context, why execution.Firing) (begun bool) {
	looked := c.untilDone(ctx, "look at the state", why, time.Time{}, func() error {
		if !c.sleepUntil(ctx, c.unanswered.Add(strayTime), nil) {
			return ctx.Err()
		}
		within, cancel := context.WithTimeout(ctx, apiTimeout)
		defer cancel()
		there, err := c.readState(within)
		if begun = there.Pending != nil && there.Pending.Equal(why); begun {
			c.state = there
		}
		return err
	})
	return looked == nil && begun
}

// findOpened looks whether a request whose answer was lost has opened the
// execution, of this leader or of the one before it, when none can be on its way
// any more.
func (c *Controller) findOpened(ctx context.Context, why execution.Firing) (bool, error) {
	if !c.sleepUntil(ctx, c.unanswered.Add(strayTime), nil) {
		return false, ctx.Err()
	}
	within, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	there, err := c.records.Get(within, c.state.Newest)
	var damaged *record.DamagedError
	switch {
	case apierrors.IsNotFound(err):
		return false, nil
	case errors.As(err, &damaged):
		if !damaged.IsOf(c.state.Newest, why) {
			return false, nil // it has only the name
		}
		c.leaveOpened(c.state.Newest, damaged)
	case err != nil:
		return false, err
	case there.Plan.Trigger != why.Trigger || !there.Plan.Scheduled.Equal(why.Scheduled):
		return false, nil // it has only the name
	case there.Account.Phase != execution.Closed:
		c.adopt(there, false)
	}
	return true, nil
}

// giveUp tells that an execution will not be.
func (c *Controller) giveUp(ctx context.Context, why execution.Firing, err error) {
	c.Metrics.TicksMissed(1)
	c.Log.Error("execution given up before it was opened: it is later than startingDeadline", "trigger", why.Trigger, "scheduled", why.Scheduled, "error", err)
	message := fmt.Sprintf("the %s execution due at %s was missed: it could not be opened within startingDeadline (%s): %v",
		why.Trigger, why.Scheduled.UTC().Format(time.RFC3339), c.startingDeadline(c.Clock.Now()), err)
	c.announce(ctx, c.stateReference(), true, kube.EventTicksMissed, execution.Truncate(message, kube.MaxEventMessage))
}
