package cluster

import (
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
)

// revisionAnnotation is equal on a Deployment and its newest ReplicaSet.
const revisionAnnotation = "deployment.kubernetes.io/revision"

// Rollout returns how far the rollout of a controller is.
func (c *Cluster) Rollout(ctx context.Context, d *appsv1.Deployment) (progress.Rollout, error) {
	live, err := c.AppsV1().Deployments(d.Namespace).Get(ctx, d.Name, metav1.GetOptions{})
	if err != nil {
		return progress.Rollout{}, fmt.Errorf("get the Deployment: %w", err)
	}
	pods, err := c.newestPods(ctx, live)
	if err != nil {
		return progress.Rollout{}, err
	}
	events, err := c.CoreV1().Events(d.Namespace).List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.kind=Pod,type=Warning"})
	if err != nil {
		return progress.Rollout{}, fmt.Errorf("list events: %w", err)
	}
	return progress.OfRollout(live, pods, events.Items, time.Now()), nil
}

// newestPods returns the pods of the newest revision: problems of earlier revisions
// are irrelevant.
func (c *Cluster) newestPods(ctx context.Context, d *appsv1.Deployment) ([]corev1.Pod, error) {
	if d.Status.ObservedGeneration < d.Generation {
		return nil, nil
	}
	sets, err := c.AppsV1().ReplicaSets(d.Namespace).List(ctx, metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(d.Spec.Selector)})
	if err != nil {
		return nil, fmt.Errorf("list the ReplicaSets: %w", err)
	}
	hash := ""
	for i := range sets.Items {
		if sets.Items[i].Annotations[revisionAnnotation] == d.Annotations[revisionAnnotation] {
			hash = sets.Items[i].Labels[appsv1.DefaultDeploymentUniqueLabelKey]
		}
	}
	pods, err := c.Pods(ctx, d)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(pods, func(pod corev1.Pod) bool {
		return pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey] != hash
	}), nil
}

// Pods returns the pods of a controller.
func (c *Cluster) Pods(ctx context.Context, d *appsv1.Deployment) ([]corev1.Pod, error) {
	list, err := c.CoreV1().Pods(d.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: metav1.FormatLabelSelector(d.Spec.Selector),
	})
	if err != nil {
		return nil, fmt.Errorf("list the controller's pods: %w", err)
	}
	return list.Items, nil
}
