package kube

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// Every field of a pod that a decision needs must be in the cache.
func TestTrimmedPodsLeadToTheSameDecisions(t *testing.T) {
	at := func(d time.Duration) metav1.Time {
		return metav1.NewTime(time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC).Add(d))
	}
	running := func(name string) corev1.ContainerStatus {
		return corev1.ContainerStatus{Name: name, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: at(2 * time.Second)}}}
	}
	waiting := func(name, reason string) corev1.ContainerStatus {
		return corev1.ContainerStatus{Name: name, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: "m"}}}
	}
	exited := func(name string, code int32) corev1.ContainerStatus {
		return corev1.ContainerStatus{Name: name, State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			ExitCode: code, StartedAt: at(time.Second), FinishedAt: at(5 * time.Second),
		}}}
	}
	restarted := waiting("check", "CrashLoopBackOff")
	restarted.RestartCount, restarted.LastTerminationState = 1, exited("check", 1).State
	two := []corev1.Container{{Name: "check", Image: "check:1"}, {Name: "helper", Image: "helper:1"}}
	cases := map[string]corev1.Pod{
		"a sidecar runs, and the container does not start": {
			Spec: corev1.PodSpec{Containers: two[:1], InitContainers: []corev1.Container{{Name: "ship", RestartPolicy: ptr.To(corev1.ContainerRestartPolicyAlways)}}},
			Status: corev1.PodStatus{Phase: corev1.PodPending, InitContainerStatuses: []corev1.ContainerStatus{running("ship")},
				ContainerStatuses: []corev1.ContainerStatus{waiting("check", "ErrImagePull")}},
		},
		"a container without a status": {
			Spec:   corev1.PodSpec{Containers: two},
			Status: corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{running("helper")}},
		},
		"a container restarts": {
			Spec:   corev1.PodSpec{Containers: two[:1]},
			Status: corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{restarted}},
		},
		"a debug container runs": {
			Spec: corev1.PodSpec{Containers: two[:1]},
			Status: corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{exited("check", 0)},
				EphemeralContainerStatuses: []corev1.ContainerStatus{running("debugger")}},
		},
		"the pod has failed": {
			Spec:   corev1.PodSpec{Containers: two},
			Status: corev1.PodStatus{Phase: corev1.PodFailed, ContainerStatuses: []corev1.ContainerStatus{exited("helper", 0), exited("check", 3)}},
		},
	}
	for name, pod := range cases {
		t.Run(name, func(t *testing.T) {
			pod.CreationTimestamp = at(0)
			for _, deleted := range []bool{false, true} {
				if deleted {
					pod.DeletionTimestamp, pod.DeletionGracePeriodSeconds = ptr.To(at(time.Minute)), ptr.To[int64](600)
				}
				cached, err := trimPod(pod.DeepCopy())
				if err != nil {
					t.Fatal(err)
				}
				whole, trimmed := plan.ProgressOf(&batchv1.Job{}, []*corev1.Pod{&pod}), plan.ProgressOf(&batchv1.Job{}, []*corev1.Pod{cached.(*corev1.Pod)})
				if diff := cmp.Diff(whole, trimmed, cmpopts.IgnoreUnexported(plan.Progress{})); diff != "" {
					t.Errorf("deleted: %t (-whole +trimmed):\n%s", deleted, diff)
				}
				if diff := cmp.Diff(whole.WhyNotStarted(), trimmed.WhyNotStarted()); diff != "" {
					t.Errorf("deleted: %t: why it did not start (-whole +trimmed):\n%s", deleted, diff)
				}
			}
		})
	}
}

// Others' annotations may be large.
func TestCachedJobsAndPodsHaveTheControllersAnnotationsOnly(t *testing.T) {
	meta := metav1.ObjectMeta{Annotations: map[string]string{jobspec.NodeAnnotation: "a", "example.com/large": "text"}}
	job, err := trimJob(&batchv1.Job{ObjectMeta: *meta.DeepCopy()})
	if err != nil {
		t.Fatal(err)
	}
	pod, err := trimPod(&corev1.Pod{ObjectMeta: *meta.DeepCopy()})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{jobspec.NodeAnnotation: "a"}
	if diff := cmp.Diff(want, job.(*batchv1.Job).Annotations); diff != "" {
		t.Errorf("Job: -want +got:\n%s", diff)
	}
	if diff := cmp.Diff(want, pod.(*corev1.Pod).Annotations); diff != "" {
		t.Errorf("pod: -want +got:\n%s", diff)
	}
}
