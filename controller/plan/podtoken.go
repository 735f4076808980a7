package plan

import (
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// PodClaim is what a service account token claims about its pod.
type PodClaim struct {
	Username string
	Pod      string
	PodUID   string
	Node     string
}

// PodFacts is what is known of the pod of a claim.
type PodFacts struct {
	Namespace string
	Pod       *corev1.Pod    // of the claimed name; nil: it does not exist
	Job       *batchv1.Job   // the pod's owner; nil: it does not exist
	Owner     *jobspec.Owner // of the pod's execution; nil: it is not open, or unknown to this replica
}

// AuthorizePod returns the node task that a pod may report for, or a DeniedError.
// Any client that may create pods can obtain tokens: the pod must be created by the
// Job controller for a Job of this controller, and run on the claimed node.
func AuthorizePod(claim PodClaim, s PodFacts) (execution.Key, error) {
	if claim.Pod == "" || claim.PodUID == "" || claim.Node == "" {
		return execution.Key{}, execution.Deny(execution.DeniedUnbound)
	}
	pod, job := s.Pod, s.Job
	if pod == nil || string(pod.UID) != claim.PodUID || pod.Spec.NodeName != claim.Node ||
		claim.Username != serviceAccount(s.Namespace, pod) {
		return execution.Key{}, execution.Deny(execution.DeniedForeignPod)
	}
	key, ok := jobspec.KeyOf(pod)
	if !ok || key.Node != claim.Node || job == nil || !metav1.IsControlledBy(pod, job) {
		return execution.Key{}, execution.Deny(execution.DeniedForeignPod)
	}
	if jobKey, ok := jobspec.KeyOf(job); !ok || jobKey != key {
		return execution.Key{}, execution.Deny(execution.DeniedForeignPod)
	}
	if s.Owner != nil && !jobspec.Owned(job, *s.Owner, key) {
		return execution.Key{}, execution.Deny(execution.DeniedForeignPod)
	}
	return key, nil
}

func serviceAccount(namespace string, pod *corev1.Pod) string {
	return "system:serviceaccount:" + namespace + ":" + pod.Spec.ServiceAccountName
}
