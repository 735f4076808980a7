package jobs

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

// endUnlessOrphaned ends a task without a Job of its own, unless such a Job may still be
// created or has left a pod that keeps the slot.
func (j *Jobs) endUnlessOrphaned(ctx context.Context, t *Task, end execution.End) (Result, error) {
	if wait := j.graceLeft(t); wait > 0 {
		return Result{Recheck: wait}, nil
	}
	if orphan, err := j.leavesOrphan(ctx, t); err != nil || orphan {
		return Result{Recheck: orphanPause}, err
	}
	return Result{End: end}, nil
}

// leavesOrphan asks the API server whether the task's Job, which was deleted or replaced,
// has left a pod that keeps the slot. The cache may lag behind and show no pod, which
// would then run beside the pod that gets its slot.
func (j *Jobs) leavesOrphan(ctx context.Context, t *Task) (bool, error) {
	if !t.Observed.Created || t.Observed.NodeGone {
		return false, nil
	}
	var err error
	if t.Observed.Pods, err = j.listPods(ctx, t); err != nil {
		return false, err
	}
	action := plan.Next(t.Observed, j.Steady.Now())
	if action.Step == plan.Verify && action.Unreachable {
		silent, err := j.isSilent(ctx, t.Key.Node)
		return !silent, err
	}
	return action.Step == plan.Wait, nil
}

// listPods asks the API server for the pods of the task's Job, or of a Job that had its name.
func (j *Jobs) listPods(ctx context.Context, t *Task) (pods []*corev1.Pod, err error) {
	list, err := j.Client.CoreV1().Pods(j.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: jobspec.TaskSelector(j.Controller, t.Key).String(),
	})
	if err != nil {
		return nil, fmt.Errorf("list the pods of Job %s: %w", t.Name, err)
	}
	for i := range list.Items {
		if pod := &list.Items[i]; kube.IsOfJob(pod, t.Name) {
			pods = append(pods, pod)
		}
	}
	return pods, nil
}
