package progress

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestStarted(t *testing.T) {
	created := metav1.NewTime(time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC))
	after := func(d time.Duration) time.Time { return created.Add(d) }
	running := func(name string, at time.Time) corev1.ContainerStatus {
		return corev1.ContainerStatus{Name: name, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(at)}}}
	}
	pod := func(statuses ...corev1.ContainerStatus) corev1.Pod {
		return corev1.Pod{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: created}, Status: corev1.PodStatus{ContainerStatuses: statuses}}
	}
	ends := pod(running("controller", after(0)))
	ends.DeletionTimestamp = &created
	pulls := pod(corev1.ContainerStatus{Name: "controller", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull"}}})
	hasEnded := pod(corev1.ContainerStatus{Name: "controller", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{StartedAt: created}}})
	tests := map[string]struct {
		pods []corev1.Pod
		want time.Time
	}{
		"there is no pod":                           {},
		"no pod has a status":                       {pods: []corev1.Pod{pod()}},
		"the image is pulled":                       {pods: []corev1.Pod{pulls}},
		"the process has ended":                     {pods: []corev1.Pod{hasEnded}},
		"long after the pod was made":               {[]corev1.Pod{pod(running("controller", after(80*time.Second)))}, after(80 * time.Second)},
		"a sidecar began before it":                 {[]corev1.Pod{pod(running("proxy", after(time.Second)), running("controller", after(time.Minute)))}, after(time.Minute)},
		"the first of several":                      {[]corev1.Pod{pod(running("controller", after(time.Minute))), pod(running("controller", after(time.Second)))}, after(time.Second)},
		"a pod that ends does not count":            {[]corev1.Pod{ends, pod(running("controller", after(time.Minute)))}, after(time.Minute)},
		"a pod that has not started does not count": {[]corev1.Pod{pulls, pod(running("controller", after(time.Minute)))}, after(time.Minute)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Started(test.pods, "controller"); !got.Equal(test.want) {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
