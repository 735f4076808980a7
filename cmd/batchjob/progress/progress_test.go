package progress

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func waiting(reason, message string) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: "check", State: corev1.ContainerState{
		Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message},
	}}
}

func ended(code int32) *corev1.ContainerStateTerminated {
	return &corev1.ContainerStateTerminated{ExitCode: code}
}

func TestWhy(t *testing.T) {
	crashing := waiting("CrashLoopBackOff", "back-off")
	crashing.LastTerminationState.Terminated = ended(2)
	tests := map[string]struct {
		status corev1.PodStatus
		want   string
	}{
		"it runs, again and well": {
			corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Ready: true, State: corev1.ContainerState{
				Running: &corev1.ContainerStateRunning{},
			}, LastTerminationState: corev1.ContainerState{Terminated: ended(2)}}}}, "",
		},
		"it is being made": {corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{waiting("ContainerCreating", "")}}, ""},
		"its image is not there": {
			corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{waiting("ImagePullBackOff", "no such tag")}},
			"container check: ErrImagePull: no such tag",
		},
		"its image is tried again": {
			corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{
				waiting("ImagePullBackOff", `Back-off pulling image "example.com/check:2": ErrImagePull: no such tag`),
			}},
			"container check: ErrImagePull: no such tag",
		},
		"its image is tried again by a kubelet that does not say why": {
			corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{waiting("ImagePullBackOff", `Back-off pulling image "example.com/check:2"`)}},
			`container check: ErrImagePull: Back-off pulling image "example.com/check:2"`,
		},
		"what it says stays on one line, and is text": {
			corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{waiting("Odd", "one\n two\x1b[2J\tthree\u202e")}},
			"container check: Odd: one two [2J three",
		},
		"it says very much": {
			corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{waiting("Odd", strings.Repeat("a", 1000))}},
			"container check: Odd: " + strings.Repeat("a", execution.MaxMessage-len("…")) + "…",
		},
		"it crashes again and again": {
			corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{crashing}},
			"container check exited with code 2 and is being restarted: CrashLoopBackOff",
		},
		"it was started again": {
			corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "check", State: corev1.ContainerState{
				Running: &corev1.ContainerStateRunning{},
			}, LastTerminationState: corev1.ContainerState{Terminated: ended(2)}}}},
			"container check exited with code 2 and was restarted",
		},
		"it has crashed": {
			corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "check", State: corev1.ContainerState{Terminated: ended(7)}}}},
			"container check exited with code 7",
		},
		"no node takes it": {
			corev1.PodStatus{Conditions: []corev1.PodCondition{
				{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "0/3 nodes are available"},
			}},
			"Unschedulable: 0/3 nodes are available",
		},
		"it was evicted": {corev1.PodStatus{Reason: "Evicted", Message: "the node was low on memory"}, "Evicted: the node was low on memory"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := WhyNotReady(&corev1.Pod{Status: test.status}); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestRollout(t *testing.T) {
	replicas := int32(2)
	deployment := func(observed int64, updated, total, available int32, conditions ...appsv1.DeploymentCondition) *appsv1.Deployment {
		return &appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{Generation: 2},
			Spec:       appsv1.DeploymentSpec{Replicas: &replicas},
			Status: appsv1.DeploymentStatus{
				ObservedGeneration: observed, UpdatedReplicas: updated, Replicas: total, AvailableReplicas: available, Conditions: conditions,
			},
		}
	}
	pod := func(status corev1.ContainerStatus) corev1.Pod {
		return corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "one"}, Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{status}}}
	}
	misconfigured := waiting("CrashLoopBackOff", "")
	misconfigured.LastTerminationState.Terminated = ended(2)
	misconfigured.LastTerminationState.Terminated.Message = "podPoolSize: 0"
	crashed := waiting("CrashLoopBackOff", "")
	crashed.LastTerminationState.Terminated = ended(1)
	mended := corev1.ContainerStatus{Ready: true, LastTerminationState: corev1.ContainerState{Terminated: ended(2)}}
	event := func(reason, message string, at time.Time) corev1.Event {
		return corev1.Event{
			Type: corev1.EventTypeWarning, Reason: reason, Message: message, LastTimestamp: metav1.NewTime(at),
			InvolvedObject: corev1.ObjectReference{Kind: "Pod", Name: "one"},
		}
	}
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	runsFor := func(d time.Duration) corev1.Pod {
		return pod(corev1.ContainerStatus{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(now.Add(-d))}}})
	}
	tests := map[string]struct {
		deployment *appsv1.Deployment
		pods       []corev1.Pod
		events     []corev1.Event
		want       Rollout
	}{
		"all replicas are available":  {deployment(2, 2, 2, 2), nil, nil, Rollout{Done: true, Line: "2 of 2 replicas ready"}},
		"the change was not seen yet": {deployment(1, 2, 2, 2), nil, nil, Rollout{Line: "2 of 2 replicas ready"}},
		"an old replica is left":      {deployment(2, 2, 3, 3), nil, nil, Rollout{Line: "2 of 2 replicas ready"}},
		"only old ones are available": {deployment(2, 0, 2, 2), nil, nil, Rollout{Line: "0 of 2 replicas ready"}},
		"an image is not there": {deployment(2, 2, 2, 1), []corev1.Pod{pod(waiting("ErrImagePull", ""))}, nil,
			Rollout{Line: "1 of 2 replicas ready", NotReady: "one", Why: []string{"pod one: container check: ErrImagePull"}}},
		"the newest event tells why": {deployment(2, 2, 2, 0), []corev1.Pod{pod(waiting("ContainerCreating", ""))},
			[]corev1.Event{event("FailedMount", "old", now), event("FailedMount", "new", now.Add(time.Second)), event("FailedMount", "older", now.Add(-time.Second))},
			Rollout{Line: "0 of 2 replicas ready", NotReady: "one", Why: []string{"pod one: FailedMount: new"}}},
		"a probe that fails at first is no news": {deployment(2, 2, 2, 0), []corev1.Pod{runsFor(2 * time.Second)}, []corev1.Event{event("Unhealthy", "refused", now)},
			Rollout{Line: "0 of 2 replicas ready", NotReady: "one"}},
		"a probe that keeps failing is": {deployment(2, 2, 2, 0), []corev1.Pod{runsFor(time.Minute)}, []corev1.Event{event("Unhealthy", "503", now)},
			Rollout{Line: "0 of 2 replicas ready", NotReady: "one", Why: []string{"pod one: Unhealthy: 503"}}},
		"a probe of a process that has ended is no news": {deployment(2, 2, 2, 0), []corev1.Pod{pod(waiting("", ""))}, []corev1.Event{event("Unhealthy", "503", now)},
			Rollout{Line: "0 of 2 replicas ready", NotReady: "one"}},
		"another start may help": {deployment(2, 2, 2, 0), []corev1.Pod{pod(crashed)}, nil, Rollout{
			Line: "0 of 2 replicas ready", NotReady: "one",
			Why: []string{"pod one: container check exited with code 1 and is being restarted: CrashLoopBackOff"},
		}},
		"another start does not help": {deployment(2, 2, 2, 0), []corev1.Pod{pod(misconfigured)}, nil, Rollout{
			Line: "0 of 2 replicas ready", NotReady: "one", Broken: "one", TerminationMessage: "podPoolSize: 0",
			Why: []string{"pod one: container check exited with code 2 and is being restarted: CrashLoopBackOff"},
		}},
		"what has mended itself is no news": {deployment(2, 2, 2, 1), []corev1.Pod{pod(mended)}, nil, Rollout{Line: "1 of 2 replicas ready", NotReady: "one"}},
		"no pod may be made": {
			deployment(2, 0, 0, 0, appsv1.DeploymentCondition{
				Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Reason: "FailedCreate", Message: "exceeded quota",
			}), nil, nil,
			Rollout{Line: "0 of 2 replicas ready", Why: []string{"FailedCreate: exceeded quota"}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, OfRollout(test.deployment, test.pods, test.events, now)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
