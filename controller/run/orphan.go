package run

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// orphanPause is how long to wait before the task of a Job that left a pod has another
// turn.
const orphanPause = 5 * time.Second

// finishUnlessOrphaned ends a task without a Job of its own, unless such a Job may still be
// created or has left a pod that keeps the slot.
func (e *Execution) finishUnlessOrphaned(ctx context.Context, t task, end execution.End) error {
	if wait := e.graceLeft(t); wait > 0 {
		e.tasks.AddAfter(t.key, wait)
		return nil
	}
	if orphan, err := e.leavesOrphan(ctx, t); err != nil || orphan {
		e.tasks.AddAfter(t.key, orphanPause)
		return err
	}
	e.finish(ctx, t, end)
	return nil
}

// leavesOrphan asks the API server whether the task's Job, which was deleted or replaced,
// has left a pod that keeps the slot. The cache may lag behind and show no pod, which
// would then run beside the pod that gets its slot.
func (e *Execution) leavesOrphan(ctx context.Context, t task) (bool, error) {
	if !t.observed.Created || t.observed.NodeGone {
		return false, nil
	}
	list, err := e.Client.CoreV1().Pods(e.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: jobspec.TaskSelector(e.Controller, t.key).String(),
	})
	if err != nil {
		return false, fmt.Errorf("list the pods of Job %s: %w", t.name, err)
	}
	t.observed.Pods = nil
	for i := range list.Items {
		if pod := &list.Items[i]; kube.IsOfJob(pod, t.name) {
			t.observed.Pods = append(t.observed.Pods, pod)
		}
	}
	action := plan.Next(t.observed, e.Steady.Now())
	if action.Step == plan.Verify && action.Unreachable {
		silent, err := e.isSilent(ctx, t)
		return !silent, err
	}
	return action.Step == plan.Wait, nil
}
