package kube

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// Subjects finds the objects of events about a controller's node tasks.
type Subjects struct {
	client     Client
	caches     *Caches
	namespace  string
	definition func(execution.ID) string
}

// NewSubjects returns the Subjects of a controller. definition returns the name of an
// execution's definition, or nothing if the controller does not know the execution.
func NewSubjects(client Client, caches *Caches, namespace string, definition func(execution.ID) string) *Subjects {
	return &Subjects{client: client, caches: caches, namespace: namespace, definition: definition}
}

// Of returns the object of an event about a node task: the pod, or the Job if neither the
// cache nor the API server has the pod.
func (s *Subjects) Of(ctx context.Context, key execution.Key) (corev1.ObjectReference, error) {
	name := ""
	if job := s.caches.JobOf(key); job != nil {
		name = job.Name
		if pod := plan.NewestPod(s.caches.PodsOf(job, key)); pod != nil {
			return Reference("v1", "Pod", pod), nil
		}
	}
	if name == "" {
		definition := s.definition(key.Execution)
		if definition == "" {
			return corev1.ObjectReference{}, fmt.Errorf("the Job of node %s is not known: neither is execution %s", key.Node, key.Execution)
		}
		name = jobspec.JobName(definition, key)
	}
	job, err := s.client.BatchV1().Jobs(s.namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return corev1.ObjectReference{}, fmt.Errorf("read Job %s: %w", name, err)
	}
	pods, err := s.client.CoreV1().Pods(s.namespace).List(ctx, metav1.ListOptions{LabelSelector: "batch.kubernetes.io/job-name=" + name})
	if err == nil {
		for i := range pods.Items {
			if metav1.IsControlledBy(&pods.Items[i], job) {
				return Reference("v1", "Pod", &pods.Items[i]), nil
			}
		}
	}
	return Reference("batch/v1", "Job", job), nil
}

// Reference returns the reference of an event about an object.
func Reference(apiVersion, kind string, object metav1.Object) corev1.ObjectReference {
	return corev1.ObjectReference{
		APIVersion: apiVersion, Kind: kind,
		Namespace: object.GetNamespace(), Name: object.GetName(), UID: object.GetUID(),
	}
}
