package plan

import (
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

func TestMayRun(t *testing.T) {
	for name, tt := range map[string]struct {
		job  *batchv1.Job
		want bool
	}{
		"a new Job":                     {jobWith(), true},
		"a suspended one":               {jobWith(condition(batchv1.JobSuspended, "", time.Minute)), true},
		"one that is about to fail":     {jobWith(condition(batchv1.JobFailureTarget, "DeadlineExceeded", time.Minute)), true},
		"one that is about to complete": {jobWith(condition(batchv1.JobSuccessCriteriaMet, "", time.Minute)), true},
		"one that has failed":           {jobWith(condition(batchv1.JobFailed, "", time.Minute)), false},
		"one that is complete":          {jobWith(condition(batchv1.JobComplete, "", time.Minute)), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := MayRun(tt.job); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}

func TestPodMayRun(t *testing.T) {
	now := time.Date(2026, 11, 24, 3, 42, 0, 0, time.UTC)
	deleted := func(ago time.Duration, grace int64) *corev1.Pod {
		over := now.Add(time.Duration(grace)*time.Second - ago)
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{DeletionTimestamp: ptr.To(metav1.NewTime(over)), DeletionGracePeriodSeconds: &grace},
			Spec:       corev1.PodSpec{NodeName: "a"},
			Status:     corev1.PodStatus{Phase: corev1.PodRunning},
		}
	}
	tests := map[string]struct {
		pod  *corev1.Pod
		want bool
	}{
		"it runs":                               {&corev1.Pod{Spec: corev1.PodSpec{NodeName: "a"}, Status: corev1.PodStatus{Phase: corev1.PodRunning}}, true},
		"it may be scheduled yet":               {&corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodPending}}, true},
		"it has failed":                         {&corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodFailed}}, false},
		"it has succeeded":                      {&corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodSucceeded}}, false},
		"it has its grace":                      {deleted(5*time.Minute, 600), true},
		"its grace is over, and the margin not": {deleted(10*time.Minute+30*time.Second, 600), true},
		"its grace and the margin are over":     {deleted(11*time.Minute+time.Second, 600), false},
		"the kubelet has let go of it":          {deleted(time.Second, 0), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := PodMayRun(tt.pod, now); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}
