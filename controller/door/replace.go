package door

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// stopping is what is known of the stop for which an Execution waits that replaces another.
type stopping struct {
	uid   string    // of the Execution that is stopped, or was the last to be
	until time.Time // when it has closed, at the latest; or when it did
}

// replace has the open execution stopped, because an Execution replaces it.
func (d *Door) replace(ctx context.Context, fence lease.Fence, w *waiter, name string) error {
	open := d.blocking(w.e.UID)
	if open == nil || open.Name != name {
		return nil // it has closed just now, which has woken the door
	}
	write, done, err := fence(ctx)
	if err != nil {
		return fmt.Errorf("replace execution %s: %w", name, err)
	}
	defer done()
	e, err := d.Opener.Records.Find(write, name)
	isGone := apierrors.IsNotFound(err) || (err == nil && (string(e.UID) != open.UID || e.DeletionTimestamp != nil))
	switch {
	case isGone, err == nil && e.Status.Phase != v1alpha1.Open: // its run finds that out as well
		d.Running.ReadAgain(open.UID)
		return nil
	case err != nil:
		return err
	case e.Spec.Cancel != v1alpha1.CancelStop:
		w.stops = open.UID
		if err := d.Opener.Records.Stop(write, e); err != nil {
			return err
		}
	}
	d.Running.ReadAgain(open.UID)
	d.isStopping(ctx, w, *open)
	return nil
}

// noteStop notes that the open execution is stopped: by a person, by the leader before, or by
// this one with a request whose response was lost.
func (d *Door) noteStop(ctx context.Context, w *waiter) {
	h := d.blocking(w.e.UID)
	if h == nil || h.UID == d.stop().uid || d.source.Latest().ConcurrencyPolicy != plan.ReplaceConcurrent {
		return
	}
	if r, ok := d.recordOf(*h); ok && r.Steering().Cancel == plan.CancelStop {
		d.isStopping(ctx, w, *h)
	}
}

// isStopping notes that an execution is stopped from now on, and announces that if this
// replica has stopped it.
func (d *Door) isStopping(ctx context.Context, w *waiter, open hold) {
	d.setStopping(open.UID)
	if w.stops != open.UID {
		return
	}
	d.Opener.Log.Info("execution stopped: another one replaces it", "execution", open.ID, "name", open.Name, "by", w.e.Name)
	d.Opener.Announcer.Announce(ctx, open.about, false, kube.EventExecutionReplaced,
		fmt.Sprintf("execution %s replaces it, as concurrencyPolicy is Replace: no further Job is created, and pods are stopped", w.e.Name))
}

// openOf returns what decides about another Execution while one is open.
func (d *Door) openOf(h hold) *plan.OpenExecution {
	of := &plan.OpenExecution{Name: h.Name}
	if r, ok := d.recordOf(h); ok {
		of.Cancel = r.Steering().Cancel
		of.Stoppable = r.Account.Phase == execution.Open && !r.Deleted()
	}
	if d.stop().uid == h.UID {
		of.Cancel = plan.CancelStop // its run may not have read that yet
	}
	return of
}

// recordOf returns the record of an execution that this replica runs.
func (d *Door) recordOf(h hold) (record.Record, bool) {
	if h.is != runs {
		return record.Record{}, false
	}
	return d.Running.RecordOf(h.UID)
}

// setStopping notes by when the stop of an execution takes effect, from now on.
func (d *Door) setStopping(uid string) {
	r, ok := d.Running.RecordOf(uid)
	if !ok {
		return
	}
	until := d.Opener.Clock.Now().Add(jobspec.LongestGrace(r.Plan, d.Opener.Namespace) + plan.StopMargin)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.holds[uid].is == runs { // it may have closed meanwhile
		d.stopped = stopping{uid: uid, until: until}
	}
}

func (d *Door) stop() stopping {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stopped
}

// heldUpUntil returns until when an Execution may have to wait for another one that is
// stopped, or had to.
func (d *Door) heldUpUntil() time.Time { return d.stop().until }

// lastStopped returns the last execution of the definition that was stopped and has closed.
func lastStopped(closed []record.Head) (last stopping) {
	for _, head := range closed {
		e := head.Object
		if e.Spec.Cancel == v1alpha1.CancelStop && head.ClosedAt.After(last.until) {
			last = stopping{uid: string(e.UID), until: head.ClosedAt}
		}
	}
	return last
}
