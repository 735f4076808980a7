package history

import (
	"context"
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// MayRun reports whether a Job or a pod of the execution may run. It asks the API
// server, because the cache may lag behind.
func (h *History) MayRun(ctx context.Context, id execution.ID) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
	defer cancel()
	selector := jobspec.Selector(h.Controller, jobspec.JobComponent).String() + "," + jobspec.ExecutionLabel + "=" + string(id)
	jobs, err := h.Client.BatchV1().Jobs(h.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return false, fmt.Errorf("list the Jobs of execution %s: %w", id, err)
	}
	if slices.ContainsFunc(jobs.Items, func(job batchv1.Job) bool { return plan.MayRun(&job) }) {
		return true, nil
	}
	// The pod of a deleted Job runs until the end of its grace period.
	pods, err := h.Client.CoreV1().Pods(h.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return false, fmt.Errorf("list the pods of execution %s: %w", id, err)
	}
	now := h.Steady.Now()
	return slices.ContainsFunc(pods.Items, func(pod corev1.Pod) bool { return plan.PodMayRun(&pod, now) }), nil
}
