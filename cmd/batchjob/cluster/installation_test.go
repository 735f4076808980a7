package cluster

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

// During a rollout, pods of the earlier revision are still running.
func TestStartOfTheNewestPods(t *testing.T) {
	noon := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	startedAt := func(at time.Time) corev1.ContainerState {
		return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(at)}}
	}
	meta := func(revision string) metav1.ObjectMeta {
		return metav1.ObjectMeta{
			Namespace: "checks", Name: revision, Labels: map[string]string{"of": "controller", appsv1.DefaultDeploymentUniqueLabelKey: revision},
			Annotations: map[string]string{revisionAnnotation: revision},
		}
	}
	pod := func(revision string, state corev1.ContainerState) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: meta(revision), Status: corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{
			{Name: "proxy", State: startedAt(noon.Add(time.Second))}, {Name: "controller", State: state},
		}}}
	}
	tests := map[string]struct {
		newest corev1.ContainerState
		want   time.Time
	}{
		"the newest pod has not started": {newest: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}},
		"the newest pod has started":     {startedAt(noon.Add(80 * time.Second)), noon.Add(80 * time.Second)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			deployment := &appsv1.Deployment{
				ObjectMeta: metav1.ObjectMeta{Name: "controller", Namespace: "checks", Annotations: map[string]string{revisionAnnotation: "2"}},
				Spec:       appsv1.DeploymentSpec{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"of": "controller"}}},
			}
			client := fake.NewClientset(deployment, &appsv1.ReplicaSet{ObjectMeta: meta("1")}, &appsv1.ReplicaSet{ObjectMeta: meta("2")},
				pod("1", startedAt(noon)), pod("2", test.newest))
			i := &Installation{Cluster: &Cluster{Interface: client}, Deployment: deployment, Container: "controller"}
			if got, err := i.Started(t.Context()); err != nil || !got.Equal(test.want) {
				t.Errorf("got %s, %v; want %s", got, err, test.want)
			}
		})
	}
}
