package run

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

// stop stops the task's Job. If its execution is canceled, it decides once more with what the
// API server has: in a cache that lags behind, a pod that runs has not started, one that has
// done its work runs, and a Job that an earlier leader has stopped was not.
func (e *Execution) stop(ctx context.Context, fence lease.Fence, t task, action plan.Action) error {
	if action.End.Outcome.State == execution.Canceled && t.memory.stopping == nil {
		if err := e.readAgain(ctx, &t); err != nil {
			return err
		}
		if action = plan.Next(t.observed, e.Steady.Now()); action.Step != plan.Stop {
			return e.act(ctx, fence, t, action)
		}
	}
	return e.stopJob(ctx, fence, t, action.End)
}

// readAgain reads the task's Job and its pods from the API server. A Job that is gone there
// counts as the cache has it, until the cache shows that.
func (e *Execution) readAgain(ctx context.Context, t *task) error {
	ctx, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
	defer cancel()
	job, err := e.Client.BatchV1().Jobs(e.Namespace).Get(ctx, t.name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
	case err != nil:
		return fmt.Errorf("read Job %s: %w", t.name, err)
	case jobspec.Owned(job, t.owner, t.key):
		t.observed.Job = job
		t.noteStop(job, e.Clock.Now())
		t.observed.Stopped = t.memory.stopped
	}
	t.observed.Pods, err = e.listPods(ctx, *t)
	return err
}

// noteStop notes why an earlier leader has stopped the task's Job, if one has.
func (t task) noteStop(job *batchv1.Job, now time.Time) {
	if end, stopped := plan.StopOf(job); stopped && t.memory.stopped == nil {
		t.memory.stopped = &plan.Stopped{At: now, End: end}
	}
}

// stopJob makes the Job controller end the Job and delete its pod. It writes the reason
// into the Job for the next leader, because the pod's status is deleted with the pod.
func (e *Execution) stopJob(ctx context.Context, fence lease.Fence, t task, end execution.End) error {
	write, done, err := fence(ctx)
	if err != nil {
		return err
	}
	defer done()
	if t.memory.stopping != nil {
		end = *t.memory.stopping // the pod's present status may be the effect of that request
	}
	patch, err := json.Marshal(jobspec.StopPatch(t.observed.Job, end))
	if err != nil {
		return fmt.Errorf("stop Job %s: %w", t.name, err)
	}
	_, err = e.Client.BatchV1().Jobs(e.Namespace).Patch(write, t.name, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		if kube.MayBeCarriedOut(err) {
			t.memory.stopping = &end
		}
		return fmt.Errorf("stop Job %s: %w", t.name, err)
	}
	e.Log.Info("Job stopped", "execution", t.key.Execution, "node", t.key.Node, "job", t.name, "reason", end.Outcome.Reason)
	t.memory.stopped = &plan.Stopped{At: e.Clock.Now(), End: end}
	e.tasks.AddAfter(t.key, plan.StopMargin)
	return nil
}
