package definition

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// errNotLed is why an execution was not opened that an earlier leader began.
var errNotLed = errors.New("no replica led in time")

// openInTime opens the execution that the state says is being opened, or gives it
// up at startingDeadline: what stands in its way must not stand in that of the
// next tick too. If it is too late already, the reason is late.
func (o *Opener) openInTime(ctx context.Context, fence lease.Fence, why execution.Firing, late error) {
	err, now := late, o.Clock.Now()
	if latest := o.Source.Current().latestStart(why, now); !now.After(latest) {
		err = o.untilDone(ctx, "open an execution", why, latest, func() error { return o.create(ctx, fence, why) })
	}
	if err == nil || ctx.Err() != nil {
		return
	}
	opened := false
	looked := o.untilDone(ctx, "look for the execution", why, time.Time{}, func() (err error) {
		opened, err = o.findOpened(ctx, why)
		return err
	})
	if looked == nil && !opened {
		o.announceNotOpened(ctx, why, err)
	}
}

// hasBegun looks whether a request whose answer was lost has written that the
// execution begins, when none can be on its way any more: the state is what the
// next tick, or the next leader, goes by.
func (o *Opener) hasBegun(ctx context.Context, why execution.Firing) (begun bool) {
	looked := o.untilDone(ctx, "look at the state", why, time.Time{}, func() error {
		if !o.settle(ctx) {
			return ctx.Err()
		}
		within, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
		defer cancel()
		there, err := o.ReadState(within)
		if begun = there.Pending != nil && there.Pending.Equal(why); begun {
			o.state = there
		}
		return err
	})
	return looked == nil && begun
}

// settle waits until no request without an answer can be on its way any more.
func (o *Opener) settle(ctx context.Context) bool {
	return timing.Sleep(ctx, o.Clock, o.unanswered.Add(kube.RequestGrace), nil)
}

// findOpened looks whether a request whose answer was lost has opened the
// execution, of this leader or of the one before it, when none can be on its way
// any more.
func (o *Opener) findOpened(ctx context.Context, why execution.Firing) (bool, error) {
	if !o.settle(ctx) {
		return false, ctx.Err()
	}
	within, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
	defer cancel()
	there, err := o.Records.Get(within, o.state.Newest)
	var damaged *record.DamagedError
	switch {
	case apierrors.IsNotFound(err):
		return false, nil
	case errors.As(err, &damaged):
		if !damaged.IsOf(o.state.Newest, why) {
			return false, nil // it has only the name
		}
		o.Taker.LeaveAlone(o.state.Newest, damaged)
	case err != nil:
		return false, err
	case there.Plan.Trigger != why.Trigger || !there.Plan.Scheduled.Equal(why.Scheduled):
		return false, nil // it has only the name
	case there.Account.Phase != execution.Closed:
		o.Taker.Adopt(there, false)
	}
	return true, nil
}
