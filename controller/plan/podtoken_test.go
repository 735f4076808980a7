package plan

import (
	"errors"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// podOfATask returns the pod and the Job of a node task, and the claim of the pod's token.
func podOfATask() (PodClaim, PodFacts) {
	labels := map[string]string{jobspec.ExecutionLabel: "20261124034200"}
	annotations := map[string]string{jobspec.NodeAnnotation: "node-1"}
	owner := jobspec.Owner{Name: "check-20261124034200", UID: "record"}
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{
		Name: "job", UID: "job-uid", Labels: labels, Annotations: annotations,
		OwnerReferences: []metav1.OwnerReference{jobspec.OwnerReference(owner)},
	}}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: "pod", UID: "pod-uid", Labels: labels, Annotations: annotations,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(job, batchv1.SchemeGroupVersion.WithKind("Job"))},
		},
		Spec: corev1.PodSpec{NodeName: "node-1", ServiceAccountName: "job"},
	}
	claim := PodClaim{Username: "system:serviceaccount:jobs:job", Pod: "pod", PodUID: "pod-uid", Node: "node-1"}
	return claim, PodFacts{Namespace: "jobs", Pod: pod, Job: job, Owner: &owner}
}

func TestAuthorizePod(t *testing.T) {
	tests := map[string]struct {
		change func(*PodClaim, *PodFacts)
		want   execution.DenyReason
	}{
		"the pod of a node task":                          {change: func(*PodClaim, *PodFacts) {}},
		"seen by a replica that does not know the record": {change: func(_ *PodClaim, s *PodFacts) { s.Owner = nil }},
		"a token without a pod's name":                    {change: func(c *PodClaim, _ *PodFacts) { c.Pod = "" }, want: execution.DeniedUnbound},
		"a token without a pod's UID":                     {change: func(c *PodClaim, _ *PodFacts) { c.PodUID = "" }, want: execution.DeniedUnbound},
		"a token without a node":                          {change: func(c *PodClaim, _ *PodFacts) { c.Node = "" }, want: execution.DeniedUnbound},
		"another service account":                         {change: func(c *PodClaim, _ *PodFacts) { c.Username = "system:serviceaccount:jobs:other" }, want: execution.DeniedForeignPod},
		"a service account of another namespace":          {change: func(c *PodClaim, _ *PodFacts) { c.Username = "system:serviceaccount:other:job" }, want: execution.DeniedForeignPod},
		"a person":                                        {change: func(c *PodClaim, _ *PodFacts) { c.Username = "job" }, want: execution.DeniedForeignPod},
		"a pod that has gone":                             {change: func(_ *PodClaim, s *PodFacts) { s.Pod = nil }, want: execution.DeniedForeignPod},
		"another pod of the same name":                    {change: func(_ *PodClaim, s *PodFacts) { s.Pod.UID = "later" }, want: execution.DeniedForeignPod},
		"a pod on another node than the token says":       {change: func(_ *PodClaim, s *PodFacts) { s.Pod.Spec.NodeName = "node-2" }, want: execution.DeniedForeignPod},
		"a pod that says it is of another node": {change: func(_ *PodClaim, s *PodFacts) {
			s.Pod.Annotations = map[string]string{jobspec.NodeAnnotation: "node-2"}
		}, want: execution.DeniedForeignPod},
		"a pod without our labels":          {change: func(_ *PodClaim, s *PodFacts) { s.Pod.Labels = nil }, want: execution.DeniedForeignPod},
		"a pod without an owner":            {change: func(_ *PodClaim, s *PodFacts) { s.Pod.OwnerReferences = nil }, want: execution.DeniedForeignPod},
		"a pod of a Job that has gone":      {change: func(_ *PodClaim, s *PodFacts) { s.Job = nil }, want: execution.DeniedForeignPod},
		"a pod of a later Job of that name": {change: func(_ *PodClaim, s *PodFacts) { s.Job.UID = types.UID("later") }, want: execution.DeniedForeignPod},
		"a pod of a Job for another node": {change: func(_ *PodClaim, s *PodFacts) {
			s.Job.Annotations = map[string]string{jobspec.NodeAnnotation: "node-2"}
		}, want: execution.DeniedForeignPod},
		"a pod of a Job with our labels that is not ours": {change: func(_ *PodClaim, s *PodFacts) { s.Job.OwnerReferences = nil }, want: execution.DeniedForeignPod},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			claim, facts := podOfATask()
			tt.change(&claim, &facts)
			key, err := AuthorizePod(claim, facts)
			var denied *execution.DeniedError
			if errors.As(err, &denied) != (tt.want != "") || (denied != nil && denied.Reason != tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			if want := (execution.Key{Execution: "20261124034200", Node: "node-1"}); tt.want == "" && key != want {
				t.Errorf("got %v, want %v", key, want)
			}
		})
	}
}
