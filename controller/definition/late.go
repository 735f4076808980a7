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

// errNotLed is why an execution that an earlier leader began was not opened.
var errNotLed = errors.New("no replica led in time")

// openInTime opens the execution that the state says is being opened. At startingDeadline
// it gives up and announces a missed tick, so that the fault does not delay the next tick
// as well. If the deadline has already passed, cause says why.
func (o *Opener) openInTime(ctx context.Context, fence lease.Fence, firing execution.Firing, cause error) {
	err, now := cause, o.Clock.Now()
	if latest := o.Source.Current().latestStart(firing, now); !now.After(latest) {
		err = o.untilDone(ctx, "open an execution", firing, latest, func() error { return o.create(ctx, fence, firing) })
	}
	if err == nil || ctx.Err() != nil {
		return
	}
	opened := false
	findErr := o.untilDone(ctx, "look for the execution", firing, time.Time{}, func() (err error) {
		opened, err = o.findOpened(ctx, firing)
		return err
	})
	if findErr == nil && !opened {
		o.announceNotOpened(ctx, firing, err)
	}
}

// hasBegun reports whether the state says that the execution begins: a request whose
// response was lost may have written it. It reads the state when no such request can be
// carried out any longer, because the next tick and the next leader rely on the state.
func (o *Opener) hasBegun(ctx context.Context, firing execution.Firing) (begun bool) {
	err := o.untilDone(ctx, "look at the state", firing, time.Time{}, func() error {
		if !o.settle(ctx) {
			return ctx.Err()
		}
		within, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
		defer cancel()
		current, err := o.ReadState(within)
		if begun = current.Pending != nil && current.Pending.Equal(firing); begun {
			o.state = current
		}
		return err
	})
	return err == nil && begun
}

// settle waits until requests without a response can no longer be carried out.
func (o *Opener) settle(ctx context.Context) bool {
	return timing.Sleep(ctx, o.Clock, o.unanswered.Add(kube.RequestGrace), nil)
}

// findOpened takes over the execution if a request whose response was lost, of this leader
// or of the one before it, has created its record. It reads the record when no such
// request can be carried out any longer.
func (o *Opener) findOpened(ctx context.Context, firing execution.Firing) (opened bool, err error) {
	if !o.settle(ctx) {
		return false, ctx.Err()
	}
	within, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
	defer cancel()
	current, err := o.Records.Get(within, o.state.Newest)
	var damaged *record.DamagedError
	switch {
	case apierrors.IsNotFound(err):
		return false, nil
	case errors.As(err, &damaged):
		if !damaged.IsOf(o.state.Newest, firing) {
			return false, nil // a record of another execution has the name
		}
		o.Taker.LeaveAlone(o.state.Newest, damaged)
	case err != nil:
		return false, err
	case !firingOf(current.Plan).Equal(firing):
		return false, nil // a record of another execution has the name
	case current.Account.Phase != execution.Closed:
		o.Taker.Adopt(current, false)
	}
	return true, nil
}
