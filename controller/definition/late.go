package definition

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
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
	opened, late := false, err
	err = o.untilDone(ctx, "look for the execution", firing, time.Time{}, func() (err error) {
		opened, err = o.findOpened(ctx, firing)
		return err
	})
	if err == nil && !opened {
		o.rejectWaiting(ctx, fence, firing, v1alpha1.ReasonStartingDeadlineExceeded, fmt.Sprintf("it could not be opened within startingDeadline: %v", late))
	}
	if err == nil && !opened && ctx.Err() == nil {
		o.announceNotOpened(ctx, firing, late)
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
// or of the one before it, has opened it. It looks when no such request can be carried out
// any longer.
func (o *Opener) findOpened(ctx context.Context, firing execution.Firing) (opened bool, err error) {
	if !o.settle(ctx) {
		return false, ctx.Err()
	}
	within, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
	defer cancel()
	e, err := o.findExecution(within, firing)
	switch {
	case err != nil:
		return false, err
	case e == nil || record.IsWaiting(e) || e.Status.Phase == v1alpha1.Rejected:
		return false, nil
	}
	current, err := o.Records.Load(within, e)
	var damaged *record.DamagedError
	switch {
	case apierrors.IsNotFound(err):
		return false, nil
	case errors.As(err, &damaged):
		o.Taker.LeaveAlone(o.state.Newest, damaged)
	case err != nil:
		return false, err
	case current.Account.Phase != execution.Closed:
		o.Taker.Adopt(current, false)
	}
	return true, nil
}

// findExecution reads the Execution of a firing from the API server. It returns nil if there
// is none, or if its name belongs to another one.
func (o *Opener) findExecution(ctx context.Context, firing execution.Firing) (*v1alpha1.Execution, error) {
	definition := o.Source.Current().Name
	e, err := o.Records.Find(ctx, jobspec.ExecutionName(definition, o.state.Newest))
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil || !o.Records.IsOf(e, definition, firing) {
		return nil, err
	}
	return e, nil
}

// rejectWaiting rejects the Execution of a firing that is given up, if it was created and
// not opened. It does not try for long: what cannot be rejected must not hold up the next
// tick.
func (o *Opener) rejectWaiting(ctx context.Context, fence lease.Fence, firing execution.Firing, reason, message string) {
	err := o.untilDone(ctx, "reject an execution", firing, o.Clock.Now().Add(kube.RequestGrace), func() error {
		write, done, err := fence(ctx)
		if err != nil {
			return err
		}
		defer done()
		e, err := o.findExecution(write, firing)
		if err != nil || e == nil || !record.IsWaiting(e) {
			return err
		}
		return o.Records.Reject(write, e, o.Clock.Now(), reason, message)
	})
	if err != nil && ctx.Err() == nil {
		o.Log.Warn("an execution that is given up could not be rejected", "trigger", firing.Trigger, "scheduled", firing.Scheduled, "error", err)
	}
}
