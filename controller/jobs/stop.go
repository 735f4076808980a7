package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// ConfirmStop returns what to do instead of a stop, or the stop. If the execution is canceled,
// it decides once more with what the API server has: in a cache that lags behind, a pod that
// runs has not started, one that has done its work runs, and a Job that an earlier leader has
// stopped was not.
func (j *Jobs) ConfirmStop(ctx context.Context, t *Task, action plan.Action) (plan.Action, error) {
	if action.End.Outcome.State != execution.Canceled || t.memory.stopping != nil {
		return action, nil
	}
	if err := j.readAgain(ctx, t); err != nil {
		return action, err
	}
	return plan.Next(t.Observed, j.Steady.Now()), nil
}

// readAgain reads the task's Job and its pods from the API server. A Job that is gone there
// counts as the cache has it, until the cache shows that.
func (j *Jobs) readAgain(ctx context.Context, t *Task) error {
	ctx, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
	defer cancel()
	job, err := j.Client.BatchV1().Jobs(j.Namespace).Get(ctx, t.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
	case err != nil:
		return fmt.Errorf("read Job %s: %w", t.Name, err)
	case jobspec.Owned(job, j.Owner, t.Key):
		t.Observed.Job = job
		t.memory.noteStop(job, j.Clock.Now())
		t.Observed.Stopped = t.memory.stopped
	}
	t.Observed.Pods, err = j.listPods(ctx, t)
	return err
}

// noteStop notes why an earlier leader has stopped the task's Job, if one has.
func (m *memory) noteStop(job *batchv1.Job, now time.Time) {
	if end, stopped := plan.StopOf(job); stopped && m.stopped == nil {
		m.stopped = &plan.Stopped{At: now, End: end}
	}
}

// Stop makes the Job controller end the Job and delete its pod. It writes the reason into the
// Job for the next leader, because the pod's status is deleted with the pod.
func (j *Jobs) Stop(ctx context.Context, fence lease.Fence, t *Task, end execution.End) (Result, error) {
	write, done, err := fence(ctx)
	if err != nil {
		return Result{}, err
	}
	defer done()
	if t.memory.stopping != nil {
		end = *t.memory.stopping // the pod's present status may be the effect of that request
	}
	patch, err := json.Marshal(jobspec.StopPatch(t.Observed.Job, end))
	if err != nil {
		return Result{}, fmt.Errorf("stop Job %s: %w", t.Name, err)
	}
	_, err = j.Client.BatchV1().Jobs(j.Namespace).Patch(write, t.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		if kube.MayBeCarriedOut(err) {
			t.memory.stopping = &end
		}
		return Result{}, fmt.Errorf("stop Job %s: %w", t.Name, err)
	}
	j.Log.Info("Job stopped", "execution", t.Key.Execution, "node", t.Key.Node, "job", t.Name, "reason", end.Outcome.Reason)
	t.memory.stopped = &plan.Stopped{At: j.Clock.Now(), End: end}
	return Result{Recheck: plan.StopMargin}, nil
}
