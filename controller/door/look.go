package door

import (
	"cmp"
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// look finds out what has become of executions with an entry that this replica does not run. It
// returns when to look again; zero: there is none.
func (d *Door) look(ctx context.Context) (again time.Time) {
	for _, e := range d.Opener.State.State().Entries {
		if e.Definition == d.Name && !d.isHeld(types.UID(e.UID)) && d.line.waiter(types.UID(e.UID)) == nil {
			d.hold(hold{Entry: e})
		}
	}
	for _, h := range d.held() {
		now := d.Opener.Clock.Now()
		if h.is != Unclear && h.is != Alone {
			continue
		}
		if !now.Before(h.look) {
			h = d.lookAt(ctx, h, now)
		}
		if h.is == Unclear || h.is == Alone {
			again = timing.Earliest(again, h.look)
		}
	}
	return again
}

func (d *Door) lookAt(ctx context.Context, h hold, now time.Time) hold {
	ctx, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
	defer cancel()
	var err error
	if h.is == Unclear {
		h, err = d.clear(ctx, h)
	} else {
		h, err = d.lookForPods(ctx, h, now)
	}
	if err != nil && ctx.Err() == nil {
		d.Opener.Log.Warn("it is not known whether an execution is open, trying again", "execution", h.ID, "name", h.Name, "error", err)
	}
	return h
}

// lookForPods looks whether a Job or a pod of a deleted or damaged execution may run. It looks
// when no request to create one can be carried out any longer.
func (d *Door) lookForPods(ctx context.Context, h hold, now time.Time) (hold, error) {
	if quiet := h.since.Add(kube.RequestGrace); now.Before(quiet) {
		h.look = quiet
		d.hold(h)
		return h, nil
	}
	mayRun, err := d.History.MayRun(ctx, h.ID)
	h.look = now.Add(lookPause)
	switch {
	case err == nil && mayRun:
		h.busy = true
	case err == nil:
		h.is = Over
	}
	d.hold(h)
	return h, err
}

// clear asks the API server what has become of an execution.
func (d *Door) clear(ctx context.Context, h hold) (hold, error) {
	now := d.Opener.Clock.Now()
	e, err := d.Opener.Records.Find(ctx, h.Name)
	isGone := apierrors.IsNotFound(err) || (err == nil && (string(e.UID) != h.UID || e.DeletionTimestamp != nil))
	switch {
	case isGone:
		h.is, h.since, h.look = Alone, now, now
		if h.ID == "" { // it was not opened
			h.is = Over
		}
		d.hold(h)
		return h, nil
	case err != nil:
		h.look = now.Add(clearPause)
		d.hold(h)
		return h, err
	case record.IsWaiting(e):
		d.unhold(h)
		d.line.add(e, now, true)
		h.is = Over
		return h, nil
	}
	return d.meet(ctx, e)
}

// meet takes over an Execution that does not wait any more, of another leader or opened by a
// request whose response was lost.
func (d *Door) meet(ctx context.Context, e *v1alpha1.Execution) (hold, error) {
	now := d.Opener.Clock.Now()
	h := hold{Entry: record.EntryOf(e, execution.ID(e.Status.ExecutionID)), is: Over, about: kube.ExecutionReference(e)}
	if entry, ok := d.Opener.State.State().Entry(h.UID); ok {
		h.ID = cmp.Or(h.ID, entry.ID)
	}
	if e.Status.Phase == v1alpha1.Rejected {
		d.hold(h)
		return h, nil
	}
	r, err := d.Opener.Records.Load(ctx, e)
	var damaged *record.DamagedError
	switch {
	case errors.As(err, &damaged):
		d.leaveAlone(h.Entry, damaged)
		return d.aloneHold(h.Entry, damaged), nil
	case apierrors.IsNotFound(err):
		h.is, h.since, h.look = Alone, now, now
	case err != nil:
		h.is, h.look = Unclear, now.Add(clearPause)
	case r.Account.Phase != execution.Closed:
		d.takeOver(r, false)
		h.is = runs
		return h, nil
	}
	d.hold(h)
	return h, err
}
