package deploy

import (
	"context"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// Pod returns the controller's running pod, or the leader's if there are several.
func (c *Controller) Pod(ctx context.Context) (*corev1.Pod, error) {
	running, err := c.Replicas(ctx)
	if err != nil {
		return nil, err
	}
	if len(running) == 1 {
		return &running[0], nil
	}
	leader, err := c.Holder(ctx)
	if err != nil {
		return nil, err
	}
	for i := range running {
		if running[i].Name == leader {
			return &running[i], nil
		}
	}
	return nil, fmt.Errorf("none of the controller's %d running pods is the leader, which is %q", len(running), leader)
}

func (c *Controller) podName(ctx context.Context) (string, error) {
	pod, err := c.Pod(ctx)
	if err != nil {
		return "", err
	}
	return pod.Name, nil
}

// Jobs returns the Jobs of an execution.
func (c *Controller) Jobs(ctx context.Context, id execution.ID) ([]batchv1.Job, error) {
	jobs, err := c.cluster.BatchV1().Jobs(c.Namespace).List(ctx, metav1.ListOptions{LabelSelector: c.taskSelector(id)})
	if err != nil {
		return nil, fmt.Errorf("list Jobs: %w", err)
	}
	return jobs.Items, nil
}

// JobPods returns the pods of an execution, by node.
func (c *Controller) JobPods(ctx context.Context, id execution.ID) (map[string]corev1.Pod, error) {
	pods, err := c.cluster.CoreV1().Pods(c.Namespace).List(ctx, metav1.ListOptions{LabelSelector: c.taskSelector(id)})
	if err != nil {
		return nil, fmt.Errorf("list job pods: %w", err)
	}
	byNode := map[string]corev1.Pod{}
	for _, pod := range pods.Items {
		byNode[pod.Annotations[jobspec.NodeAnnotation]] = pod
	}
	return byNode, nil
}

func (c *Controller) taskSelector(id execution.ID) string {
	return jobspec.Selector(c.Name, jobspec.JobComponent).String() + "," + jobspec.ExecutionLabel + "=" + string(id)
}

// Events returns the events of the controller's namespace.
func (c *Controller) Events(ctx context.Context) ([]corev1.Event, error) {
	events, err := c.cluster.CoreV1().Events(c.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return events.Items, nil
}

// Logs returns the log of the controller.
func (c *Controller) Logs(ctx context.Context) (string, error) {
	pod, err := c.Pod(ctx)
	if err != nil {
		return "", err
	}
	return c.logs(ctx, pod, false)
}

func (c *Controller) logs(ctx context.Context, pod *corev1.Pod, previous bool) (string, error) {
	raw, err := c.cluster.CoreV1().Pods(pod.Namespace).
		GetLogs(pod.Name, &corev1.PodLogOptions{Container: pod.Spec.Containers[0].Name, Previous: previous}).DoRaw(ctx)
	if err != nil {
		return "", fmt.Errorf("log of pod %s: %w", pod.Name, err)
	}
	return string(raw), nil
}
