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

// stopJob makes the Job controller end the Job and delete its pod, and writes
// the reason where the next leader finds it: the pod's goes with the pod.
func (e *Execution) stopJob(ctx context.Context, fence lease.Fence, t task, end execution.End) error {
	write, done, err := fence(ctx)
	if err != nil {
		return err
	}
	defer done()
	if before := e.stoppingWith(t); before != nil {
		end = *before // what is seen of the pod by now may come of that
	}
	patch, err := json.Marshal(jobspec.StopPatch(t.observed.Job, end))
	if err != nil {
		return fmt.Errorf("stop Job %s: %w", t.name, err)
	}
	_, err = e.Client.BatchV1().Jobs(e.Namespace).Patch(write, t.name, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		if kube.MayBeCarriedOut(err) {
			e.noteStopping(t, end)
		}
		return fmt.Errorf("stop Job %s: %w", t.name, err)
	}
	e.Log.Info("Job stopped", "execution", t.key.Execution, "node", t.key.Node, "job", t.name, "reason", end.Outcome.Reason)
	e.mu.Lock()
	e.memory[t.index].stopped = &plan.Stopped{At: e.Clock.Now(), End: end}
	e.mu.Unlock()
	e.tasks.AddAfter(t.key, plan.StopMargin)
	return nil
}

func (e *Execution) stoppingWith(t task) *execution.End {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.memory[t.index].stopping
}

// noteStopping records that the Job may have been told to end.
func (e *Execution) noteStopping(t task, end execution.End) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.memory[t.index].stopping = &end
}
