package run

import (
	"context"
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// stop stops the task's Job. If its execution is canceled, it decides once more with the pods
// of the API server: in a cache that lags behind, a pod that runs has not started, and one
// that has done its work runs.
func (e *Execution) stop(ctx context.Context, fence lease.Fence, t task, action plan.Action) error {
	if action.End.Outcome.State == execution.Canceled && t.memory.stopping == nil {
		listing, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
		defer cancel()
		var err error
		if t.observed.Pods, err = e.listPods(listing, t); err != nil {
			return err
		}
		if action = plan.Next(t.observed, e.Steady.Now()); action.Step != plan.Stop {
			return e.act(ctx, fence, t, action)
		}
	}
	return e.stopJob(ctx, fence, t, action.End)
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
