package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// damagedTries is how often the open record is read again that cannot be read:
// people edit more than once. They take a quarter of a minute.
const damagedTries = 6

// damagedError tells of a record that no version can read.
type damagedError struct {
	about corev1.ObjectReference
	id    execution.ID
	open  bool      // it does not say that it is closed
	left  time.Time // since when it is left alone
	err   error

	object *corev1.ConfigMap // as it is there
}

func newDamagedError(object *corev1.ConfigMap, err error) *damagedError {
	return &damagedError{
		about: kube.ConfigMapReference(object),
		id:    execution.ID(object.Labels[jobspec.ExecutionLabel]),
		open:  execution.Phase(object.Data[phaseKey]) != execution.Closed,
		err:   err,

		object: object,
	}
}

// isOf reports whether the object by the name of an execution's record is what
// became of it, as far as what is left of it tells. It counts as foreign if
// nothing does.
func (e *damagedError) isOf(id execution.ID, why opening) bool {
	if there, err := unpackPlan(e.object.BinaryData[planKey]); err == nil {
		return why.is(opening{there.Trigger, there.Scheduled})
	}
	if at, err := time.Parse(time.RFC3339, e.object.Data[scheduledKey]); err == nil {
		return why.is(opening{execution.Trigger(e.object.Data[triggerKey]), at})
	}
	return e.id == id
}

func (e *damagedError) Error() string { return e.err.Error() }
func (e *damagedError) Unwrap() error { return e.err }

// damage tells of all records that cannot be read, or is nil.
func (l listing) damage() error {
	errs := make([]error, 0, len(l.damaged))
	for _, e := range l.damaged {
		errs = append(errs, e)
	}
	return errors.Join(errs...)
}

// leaveAlone lets go of the open execution, whose record cannot be read any more,
// as a leader does that finds such a record: nothing is written to it, its Jobs
// run to their end, and then it is the next tick's turn.
func (c *Controller) leaveAlone(open *openExecution, damaged *damagedError) {
	c.Log.Error("execution given up: its record cannot be read any more, and is left alone", "execution", open.id, "error", damaged)
	c.noteLeftAlone(open.id, damaged)
	c.abort(open)
	c.requestPrune() // which tells of it
}

// leaveOpened leaves the record alone that was damaged before this leader knew
// that it had been created: the tick has had its execution.
func (c *Controller) leaveOpened(id execution.ID, damaged *damagedError) {
	c.Log.Error("execution given up: its record cannot be read, and is left alone", "execution", id, "error", damaged)
	if damaged.open {
		c.noteLeftAlone(id, damaged)
	}
	c.mu.Lock()
	c.known[id] = true
	c.mu.Unlock()
	c.requestPrune() // which tells of it
}

func (c *Controller) noteLeftAlone(id execution.ID, damaged *damagedError) {
	damaged.id, damaged.left = id, c.Clock.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leftAlone[id] = damaged
}

// busy returns which execution is open, and the object that says so: nothing runs
// twice on a node at the same time. One whose record cannot be read is as long as
// a Job of it may run, or may be on its way.
func (c *Controller) busy(ctx context.Context, why opening) (id execution.ID, about corev1.ObjectReference, is bool) {
	if r := c.current(); r != nil {
		return r.plan.ID, kube.ConfigMapReference(r.object), true
	}
	c.mu.Lock()
	left := slices.SortedFunc(maps.Values(c.leftAlone), func(a, b *damagedError) int { return cmp.Compare(a.id, b.id) })
	c.mu.Unlock()
	for _, e := range left {
		may := false
		// Until then a Job may be created by a request that is on its way.
		c.sleepUntil(ctx, e.left.Add(strayTime), nil)
		err := c.untilDone(ctx, "look for Jobs of an execution whose record cannot be read", why, c.tooLate(why, c.Clock.Now()),
			func() (err error) { may, err = c.jobsMayRun(ctx, e.id); return err })
		if may || err != nil {
			return e.id, e.about, true
		}
	}
	return "", about, false
}

// jobsMayRun asks the API server, not the cache, which may lag behind.
func (c *Controller) jobsMayRun(ctx context.Context, id execution.ID) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	selector := jobspec.Selector(c.config().Name, jobspec.JobComponent).String() + "," + jobspec.ExecutionLabel + "=" + string(id)
	list, err := c.Client.BatchV1().Jobs(c.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return false, fmt.Errorf("list the Jobs of execution %s: %w", id, err)
	}
	return slices.ContainsFunc(list.Items, func(job batchv1.Job) bool { return plan.MayRun(&job) }), nil
}

// isDamaged reports whether an execution's record cannot be read.
func (l listing) isDamaged(id execution.ID) bool {
	return slices.ContainsFunc(l.damaged, func(e *damagedError) bool { return e.id == id })
}

// noteDamaged takes down which records cannot be read, and tells of those that are
// new, or have been damaged in another way.
func (c *Controller) noteDamaged(ctx context.Context, damaged []*damagedError) {
	c.Metrics.SetDamagedRecords(len(damaged))
	c.mu.Lock()
	var untold []*damagedError
	told := map[string]string{}
	for _, e := range damaged {
		isOpen := c.open != nil && c.open.id == e.id
		if isOpen {
			continue // it is being read again
		}
		if c.damagedTold[e.about.Name] != e.Error() {
			untold = append(untold, e)
		}
		told[e.about.Name] = e.Error()
	}
	c.damagedTold = told
	c.mu.Unlock()
	for _, e := range untold {
		c.announce(ctx, e.about, true, kube.EventRecordDamaged, execution.Truncate(fmt.Sprintf(
			"cannot be read, and is left alone: %v. Correct it, and the next leader goes on with it; or delete it, which deletes its Jobs too", e), kube.MaxEventMessage))
	}
}
