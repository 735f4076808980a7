package queue

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// hold is an execution that was opened, or may have been, as this replica knows it. Until
// none of its pods may run, no other execution of the definition opens.
type hold struct {
	plan.Entry
	is    holding
	about corev1.ObjectReference
	since time.Time // for alone: when this replica found that out
	busy  bool      // for alone: a Job or a pod of it was seen to run
	look  time.Time // for unclear and alone: when to look again
}

type holding int

const (
	unclear holding = iota // the API server has to be asked
	runs                   // this replica has adopted it
	alone                  // it is deleted or damaged, and its pods may run
	over                   // its entry can be removed
)

const (
	lookPause  = 5 * time.Second // between two looks for the pods of an execution
	clearPause = time.Second     // after a read that failed
)

// settled reports whether it is known that the execution keeps others from opening.
func (h hold) settled() bool { return h.is == runs || (h.is == alone && h.busy) }

// entryOf returns the entry of an Execution that was opened, with the share that its status
// has.
func entryOf(e *v1alpha1.Execution, id execution.ID) plan.Entry {
	return plan.Entry{UID: string(e.UID), Name: e.Name, Definition: e.Spec.NodeCronJobName, ID: id, Share: record.ShareOf(e)}
}

// aboutEntry returns the reference of an event about the Execution of an entry.
func (q *Queue) aboutEntry(e plan.Entry) corev1.ObjectReference {
	return kube.ExecutionReference(&v1alpha1.Execution{ObjectMeta: metav1.ObjectMeta{Namespace: q.Opener.Namespace, Name: e.Name, UID: types.UID(e.UID)}})
}

// hold notes what is known of an execution.
func (q *Queue) hold(h hold) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if h.about.Name == "" {
		h.about = q.aboutEntry(h.Entry)
	}
	q.holds[h.UID] = h
}

// held returns what is known of executions that were opened, or may have been, ordered by ID.
func (q *Queue) held() []hold {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.SortedFunc(maps.Values(q.holds), func(a, b hold) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.UID, b.UID)) })
}

func (q *Queue) isHeld(uid types.UID) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	_, ok := q.holds[string(uid)]
	return ok
}

// unhold forgets an execution, unless something else has become known of it.
func (q *Queue) unhold(h hold) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.holds[h.UID].is == h.is {
		delete(q.holds, h.UID)
	}
}

// blocking returns the execution that keeps an Execution from opening; nil: there is none.
// One that is known to do so comes first.
func (q *Queue) blocking(uid types.UID) *hold {
	var found *hold
	for _, h := range q.held() {
		if h.is == over || h.UID == string(uid) {
			continue
		}
		if h.settled() {
			return &h
		}
		found = cmp.Or(found, &h)
	}
	return found
}

// prepare changes a state so that it says what this replica knows.
func (q *Queue) prepare(s *plan.State) {
	for _, h := range q.held() {
		switch {
		case h.is == over:
			s.End(h.UID)
		case h.is != unclear && h.ID != "":
			s.Restore(q.present(h))
		}
	}
	q.ticker.Prepare(s, q.door.executions())
}

// present returns the entry of an execution, with the share that its run has written last.
func (q *Queue) present(h hold) plan.Entry {
	if a := q.current(); a != nil {
		if object := a.Record().Object; string(object.UID) == h.UID {
			return entryOf(object, h.ID)
		}
	}
	return h.Entry
}

// look finds out what has become of executions with an entry that this replica does not run. It
// returns when to look again; zero: there is none.
func (q *Queue) look(ctx context.Context) (again time.Time) {
	for _, e := range q.Opener.State.State().Entries {
		if e.Definition == q.Name && !q.isHeld(types.UID(e.UID)) && q.door.waiter(types.UID(e.UID)) == nil {
			q.hold(hold{Entry: e})
		}
	}
	for _, h := range q.held() {
		now := q.Opener.Clock.Now()
		if h.is != unclear && h.is != alone {
			continue
		}
		if !now.Before(h.look) {
			h = q.lookAt(ctx, h, now)
		}
		if h.is == unclear || h.is == alone {
			again = earliest(again, h.look)
		}
	}
	return again
}

func (q *Queue) lookAt(ctx context.Context, h hold, now time.Time) hold {
	ctx, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
	defer cancel()
	var err error
	if h.is == unclear {
		h, err = q.clear(ctx, h)
	} else {
		h, err = q.lookForPods(ctx, h, now)
	}
	if err != nil && ctx.Err() == nil {
		q.Opener.Log.Warn("it is not known whether an execution is open, trying again", "execution", h.ID, "name", h.Name, "error", err)
	}
	return h
}

// lookForPods looks whether a Job or a pod of a deleted or damaged execution may run. It looks
// when no request to create one can be carried out any longer.
func (q *Queue) lookForPods(ctx context.Context, h hold, now time.Time) (hold, error) {
	if quiet := h.since.Add(kube.RequestGrace); now.Before(quiet) {
		h.look = quiet
		q.hold(h)
		return h, nil
	}
	mayRun, err := q.history.MayRun(ctx, h.ID)
	h.look = now.Add(lookPause)
	switch {
	case err == nil && mayRun:
		h.busy = true
	case err == nil:
		h.is = over
	}
	q.hold(h)
	return h, err
}

// clear asks the API server what has become of an execution.
func (q *Queue) clear(ctx context.Context, h hold) (hold, error) {
	now := q.Opener.Clock.Now()
	e, err := q.Opener.Records.Find(ctx, h.Name)
	isGone := apierrors.IsNotFound(err) || (err == nil && (string(e.UID) != h.UID || e.DeletionTimestamp != nil))
	switch {
	case isGone:
		h.is, h.since, h.look = alone, now, now
		if h.ID == "" { // it was not opened
			h.is = over
		}
		q.hold(h)
		return h, nil
	case err != nil:
		h.look = now.Add(clearPause)
		q.hold(h)
		return h, err
	case record.IsWaiting(e):
		q.unhold(h)
		q.door.add(e, now, true)
		h.is = over
		return h, nil
	}
	return q.meet(ctx, e)
}

// meet takes over an Execution that does not wait any more, of another leader or opened by a
// request whose response was lost.
func (q *Queue) meet(ctx context.Context, e *v1alpha1.Execution) (hold, error) {
	now := q.Opener.Clock.Now()
	h := hold{Entry: entryOf(e, execution.ID(e.Status.ExecutionID)), is: over, about: kube.ExecutionReference(e)}
	if entry, ok := q.Opener.State.State().Entry(h.UID); ok {
		h.ID = cmp.Or(h.ID, entry.ID)
	}
	if e.Status.Phase == v1alpha1.Rejected {
		q.hold(h)
		return h, nil
	}
	r, err := q.Opener.Records.Load(ctx, e)
	var damaged *record.DamagedError
	switch {
	case errors.As(err, &damaged):
		q.LeaveAlone(h.Entry, damaged)
		return q.aloneHold(h.Entry, damaged), nil
	case apierrors.IsNotFound(err):
		h.is, h.since, h.look = alone, now, now
	case err != nil:
		h.is, h.look = unclear, now.Add(clearPause)
	case r.Account.Phase != execution.Closed:
		q.takeOver(r, false)
		h.is = runs
		return h, nil
	}
	q.hold(h)
	return h, err
}

// earliest returns the earlier one of two times. Zero means never.
func earliest(a, b time.Time) time.Time {
	if b.IsZero() || (!a.IsZero() && a.Before(b)) {
		return a
	}
	return b
}
