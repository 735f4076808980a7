package run

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
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
	var err error
	if t.observed.Pods, err = e.listPods(ctx, t); err != nil {
		return false, err
	}
	action := plan.Next(t.observed, e.Steady.Now())
	if action.Step == plan.Verify && action.Unreachable {
		silent, err := e.isSilent(ctx, t)
		return !silent, err
	}
	return action.Step == plan.Wait, nil
}

// listPods asks the API server for the pods of the task's Job, or of a Job that had its name.
func (e *Execution) listPods(ctx context.Context, t task) (pods []*corev1.Pod, err error) {
	list, err := e.Client.CoreV1().Pods(e.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: jobspec.TaskSelector(e.Controller, t.key).String(),
	})
	if err != nil {
		return nil, fmt.Errorf("list the pods of Job %s: %w", t.name, err)
	}
	for i := range list.Items {
		if pod := &list.Items[i]; kube.IsOfJob(pod, t.name) {
			pods = append(pods, pod)
		}
	}
	return pods, nil
}
