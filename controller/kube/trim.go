package kube

import (
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

func trimNode(object any) (any, error) {
	node, ok := object.(*corev1.Node)
	if !ok {
		return object, nil
	}
	trimmed := &corev1.Node{
		ObjectMeta: trimMeta(node.ObjectMeta),
		Spec:       corev1.NodeSpec{Unschedulable: node.Spec.Unschedulable, Taints: node.Spec.Taints},
	}
	trimmed.Annotations = nil
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			trimmed.Status.Conditions = []corev1.NodeCondition{{
				Type: condition.Type, Status: condition.Status, LastTransitionTime: condition.LastTransitionTime,
			}}
		}
	}
	return trimmed, nil
}

func trimJob(object any) (any, error) {
	job, ok := object.(*batchv1.Job)
	if !ok {
		return object, nil
	}
	return &batchv1.Job{
		ObjectMeta: trimTaskMeta(job.ObjectMeta),
		Spec: batchv1.JobSpec{
			BackoffLimit: job.Spec.BackoffLimit,
			Template:     corev1.PodTemplateSpec{Spec: corev1.PodSpec{TerminationGracePeriodSeconds: job.Spec.Template.Spec.TerminationGracePeriodSeconds}},
		},
		Status: batchv1.JobStatus{
			Conditions:     job.Status.Conditions,
			CompletionTime: job.Status.CompletionTime,
		},
	}, nil
}

func trimPod(object any) (any, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return object, nil
	}
	trimmed := &corev1.Pod{
		ObjectMeta: trimTaskMeta(pod.ObjectMeta),
		Spec: corev1.PodSpec{
			NodeName:           pod.Spec.NodeName,
			ServiceAccountName: pod.Spec.ServiceAccountName,
			InitContainers:     trimContainers(pod.Spec.InitContainers),
			Containers:         trimContainers(pod.Spec.Containers),

			ActiveDeadlineSeconds:         pod.Spec.ActiveDeadlineSeconds,
			TerminationGracePeriodSeconds: pod.Spec.TerminationGracePeriodSeconds,
		},
		Status: corev1.PodStatus{
			Phase:                      pod.Status.Phase,
			StartTime:                  pod.Status.StartTime,
			Reason:                     pod.Status.Reason,
			Message:                    pod.Status.Message,
			InitContainerStatuses:      trimStatuses(pod.Status.InitContainerStatuses),
			ContainerStatuses:          trimStatuses(pod.Status.ContainerStatuses),
			EphemeralContainerStatuses: trimStatuses(pod.Status.EphemeralContainerStatuses),
		},
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled || condition.Type == corev1.DisruptionTarget {
			trimmed.Status.Conditions = append(trimmed.Status.Conditions, condition)
		}
	}
	return trimmed, nil
}

// trimContainers keeps the names of containers, and which of them are sidecars.
func trimContainers(containers []corev1.Container) []corev1.Container {
	trimmed := make([]corev1.Container, 0, len(containers))
	for _, c := range containers {
		trimmed = append(trimmed, corev1.Container{Name: c.Name, RestartPolicy: c.RestartPolicy})
	}
	return trimmed
}

func trimStatuses(statuses []corev1.ContainerStatus) []corev1.ContainerStatus {
	trimmed := make([]corev1.ContainerStatus, 0, len(statuses))
	for _, s := range statuses {
		trimmed = append(trimmed, corev1.ContainerStatus{
			Name: s.Name, State: s.State, LastTerminationState: s.LastTerminationState, RestartCount: s.RestartCount,
		})
	}
	return trimmed
}

// trimNodeCronJob leaves out who manages which field.
func trimNodeCronJob(object any) (any, error) {
	n, ok := object.(*v1alpha1.NodeCronJob)
	if !ok {
		return object, nil
	}
	trimmed := *n
	trimmed.ManagedFields = nil
	return &trimmed, nil
}

func trimMeta(meta metav1.ObjectMeta) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name:                       meta.Name,
		Namespace:                  meta.Namespace,
		UID:                        meta.UID,
		ResourceVersion:            meta.ResourceVersion,
		CreationTimestamp:          meta.CreationTimestamp,
		DeletionTimestamp:          meta.DeletionTimestamp,
		DeletionGracePeriodSeconds: meta.DeletionGracePeriodSeconds,
		Labels:                     meta.Labels,
		Annotations:                meta.Annotations,
		OwnerReferences:            meta.OwnerReferences,
	}
}

// trimTaskMeta keeps only the controller's own annotations: those of templates and of other
// tools may be large.
func trimTaskMeta(meta metav1.ObjectMeta) metav1.ObjectMeta {
	trimmed := trimMeta(meta)
	trimmed.Annotations = map[string]string{}
	for key, value := range meta.Annotations {
		if jobspec.IsOwn(key) {
			trimmed.Annotations[key] = value
		}
	}
	return trimmed
}
