package controller

import (
	"cmp"
	"context"
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
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// damagedTries is how often the open record is read again that cannot be read:
// people edit more than once. They take a quarter of a minute.
const damagedTries = 6

// leftAlone is an execution whose record cannot be read.
type leftAlone struct {
	id     execution.ID
	since  time.Time // when this replica first left it alone
	record corev1.ObjectReference
}

// leaveAlone lets go of the open execution, whose record cannot be read any more,
// as a leader does that finds such a record: nothing is written to it, its Jobs
// run to their end, and then it is the next tick's turn.
func (c *Controller) leaveAlone(open *openExecution, damaged *record.DamagedError) {
	c.Log.Error("execution given up: its record cannot be read any more, and is left alone", "execution", open.id, "error", damaged)
	c.noteLeftAlone(open.id, damaged)
	c.abort(open)
	c.requestPrune() // which tells of it
}

// leaveOpened leaves the record alone that was damaged before this leader knew
// that it had been created: the tick has had its execution.
func (c *Controller) leaveOpened(id execution.ID, damaged *record.DamagedError) {
	c.Log.Error("execution given up: its record cannot be read, and is left alone", "execution", id, "error", damaged)
	if damaged.Open {
		c.noteLeftAlone(id, damaged)
	}
	c.mu.Lock()
	c.known[id] = true
	c.mu.Unlock()
	c.requestPrune() // which tells of it
}

func (c *Controller) noteLeftAlone(id execution.ID, damaged *record.DamagedError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leftAlone[id] = leftAlone{id: id, since: c.Clock.Now(), record: damaged.Reference}
}

// busy returns which execution is open, and the object that says so: nothing runs
// twice on a node at the same time. One whose record cannot be read is as long as
// a Job of it may run, or may be on its way.
func (c *Controller) busy(ctx context.Context, why execution.Firing) (id execution.ID, about corev1.ObjectReference, is bool) {
	if r := c.current(); r != nil {
		return r.Plan.ID, kube.ConfigMapReference(r.Object), true
	}
	c.mu.Lock()
	left := slices.SortedFunc(maps.Values(c.leftAlone), func(a, b leftAlone) int { return cmp.Compare(a.id, b.id) })
	c.mu.Unlock()
	for _, e := range left {
		may := false
		// Until then a Job may be created by a request that is on its way.
		c.sleepUntil(ctx, e.since.Add(strayTime), nil)
		err := c.untilDone(ctx, "look for Jobs of an execution whose record cannot be read", why, c.tooLate(why, c.Clock.Now()),
			func() (err error) { may, err = c.jobsMayRun(ctx, e.id); return err })
		if may || err != nil {
			return e.id, e.record, true
		}
	}
	return "", about, false
}

// jobsMayRun asks the API server, not the cache, which may lag behind.
func (c *Controller) jobsMayRun(ctx context.Context, id execution.ID) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	selector := jobspec.Selector(c.config().Name, jobspec.JobComponent).String() + "," + jobspec.ExecutionLabel + "=" + string(id)
	jobs, err := c.Client.BatchV1().Jobs(c.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return false, fmt.Errorf("list the Jobs of execution %s: %w", id, err)
	}
	if slices.ContainsFunc(jobs.Items, func(job batchv1.Job) bool { return plan.MayRun(&job) }) {
		return true, nil
	}
	// A Job that was deleted leaves its pod until the pod has had its grace.
	pods, err := c.Client.CoreV1().Pods(c.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return false, fmt.Errorf("list the pods of execution %s: %w", id, err)
	}
	now := c.now()
	return slices.ContainsFunc(pods.Items, func(pod corev1.Pod) bool { return plan.PodMayRun(&pod, now) }), nil
}

// noteDamaged takes down which records cannot be read, and tells of those that are
// new, or have been damaged in another way.
func (c *Controller) noteDamaged(ctx context.Context, damaged []*record.DamagedError) {
	c.Metrics.SetDamagedRecords(len(damaged))
	c.mu.Lock()
	var untold []*record.DamagedError
	told := map[string]string{}
	for _, e := range damaged {
		isOpen := c.open != nil && c.open.id == e.ID
		if isOpen {
			continue // it is being read again
		}
		if c.damagedTold[e.Reference.Name] != e.Error() {
			untold = append(untold, e)
		}
		told[e.Reference.Name] = e.Error()
	}
	c.damagedTold = told
	c.mu.Unlock()
	for _, e := range untold {
		c.announce(ctx, e.Reference, true, kube.EventRecordDamaged, execution.Truncate(fmt.Sprintf(
			"cannot be read, and is left alone: %v. Correct it, and the next leader goes on with it; or delete it, which deletes its Jobs too", e), kube.MaxEventMessage))
	}
}
