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
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
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
			"container check: ImagePullBackOff: no such tag",
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
			"container check ended with status 2 and is started again: CrashLoopBackOff",
		},
		"it was started again": {
			corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "check", State: corev1.ContainerState{
				Running: &corev1.ContainerStateRunning{},
			}, LastTerminationState: corev1.ContainerState{Terminated: ended(2)}}}},
			"container check ended with status 2 and was started again",
		},
		"it has crashed": {
			corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "check", State: corev1.ContainerState{Terminated: ended(7)}}}},
			"container check ended with status 7",
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
			if got := Why(&corev1.Pod{Status: test.status}); got != test.want {
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
	young := pod(waiting("", ""))
	young.CreationTimestamp = metav1.NewTime(now.Add(-2 * time.Second))
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
		"a probe that fails at first is no news": {deployment(2, 2, 2, 0), []corev1.Pod{young}, []corev1.Event{event("Unhealthy", "refused", now)},
			Rollout{Line: "0 of 2 replicas ready", NotReady: "one"}},
		"a probe that goes on failing is": {deployment(2, 2, 2, 0), []corev1.Pod{pod(waiting("", ""))}, []corev1.Event{event("Unhealthy", "503", now)},
			Rollout{Line: "0 of 2 replicas ready", NotReady: "one", Why: []string{"pod one: Unhealthy: 503"}}},
		"another start may help": {deployment(2, 2, 2, 0), []corev1.Pod{pod(crashed)}, nil, Rollout{
			Line: "0 of 2 replicas ready", NotReady: "one",
			Why: []string{"pod one: container check ended with status 1 and is started again: CrashLoopBackOff"},
		}},
		"another start does not help": {deployment(2, 2, 2, 0), []corev1.Pod{pod(misconfigured)}, nil, Rollout{
			Line: "0 of 2 replicas ready", NotReady: "one", Broken: "one",
			Why: []string{"pod one: container check ended with status 2 and is started again: CrashLoopBackOff"},
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

func indexes(t *testing.T, text string) execution.Indexes {
	t.Helper()
	x, err := execution.ParseIndexes(text)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestExecution(t *testing.T) {
	plan := execution.Plan{
		ID: "20261125120000", Trigger: execution.Cron,
		Nodes:   []execution.Node{{Name: "f"}, {Name: "e"}, {Name: "d"}, {Name: "c"}, {Name: "b"}, {Name: "a"}},
		Skipped: []execution.Skip{{Node: "z", Reason: execution.NodeNotReady}},
	}
	atTheTick := Node{"z", execution.Skipped, "NodeNotReady"}
	tests := map[string]struct {
		account  execution.Account
		want     Execution
		wantLine string
	}{
		"nothing has begun": {
			execution.Account{Phase: execution.Open},
			Execution{Pending: 6, Counts: execution.Counts{execution.Skipped: 1}, Skipped: []Node{atTheTick}},
			"0 of 6 nodes succeeded, 6 pending, 1 skipped",
		},
		"it is in the middle": {
			execution.Account{Phase: execution.Open, Admitted: indexes(t, "0-3"), Outcomes: map[execution.Outcome]execution.Indexes{
				{State: execution.Succeeded}:                           indexes(t, "0"),
				{State: execution.Failed, Reason: "OOMKilled"}:         indexes(t, "2"),
				{State: execution.Lost, Reason: execution.JobDeleted}:  indexes(t, "1"),
				{State: execution.Skipped, Reason: execution.NodeGone}: indexes(t, "5"), // before its turn
			}},
			Execution{
				Running: 1, Pending: 1,
				Counts:  execution.Counts{execution.Succeeded: 1, execution.Failed: 1, execution.Lost: 1, execution.Skipped: 2},
				Bad:     []Node{{"d", execution.Failed, "OOMKilled"}, {"e", execution.Lost, "JobDeleted"}},
				Skipped: []Node{{"a", execution.Skipped, "NodeGone"}, atTheTick},
			},
			"1 of 6 nodes succeeded, 1 failed, 1 lost, 1 running, 1 pending, 2 skipped",
		},
		"all is well": {
			execution.Account{Phase: execution.Closed, Admitted: indexes(t, "0-5"), Outcomes: map[execution.Outcome]execution.Indexes{
				{State: execution.Succeeded}: indexes(t, "0-5"),
			}},
			Execution{Counts: execution.Counts{execution.Succeeded: 6, execution.Skipped: 1}, Skipped: []Node{atTheTick}},
			"6 of 6 nodes succeeded, 1 skipped",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := of(plan, test.account)
			test.want.ID, test.want.Trigger, test.want.Phase, test.want.Nodes = plan.ID, plan.Trigger, test.account.Phase, 6
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if line := got.Line(); line != test.wantLine {
				t.Errorf("got %q, want %q", line, test.wantLine)
			}
		})
	}
}

func TestExplained(t *testing.T) {
	pod := func(id, node string, status corev1.PodStatus) corev1.Pod {
		return corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{jobspec.ExecutionLabel: id}, Annotations: map[string]string{jobspec.NodeAnnotation: node}},
			Status:     status,
		}
	}
	pending := func(reason string) corev1.PodStatus {
		return corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{waiting(reason, "")}}
	}
	failed := corev1.PodStatus{Phase: corev1.PodFailed, ContainerStatuses: []corev1.ContainerStatus{{
		Name: "check", State: corev1.ContainerState{Terminated: ended(7)},
	}}}
	const id = "20261125120000"
	e := Execution{ID: id, Bad: []Node{
		{"failed", execution.Failed, "ContainerFailed"}, {"gone", execution.Lost, "NodeGone"}, {"late", execution.Failed, "ErrImagePull"},
	}}
	got := e.Explained([]corev1.Pod{
		pod(id, "b", pending("ErrImagePull")), pod(id, "a", pending("ErrImagePull")), pod(id, "usual", pending("ContainerCreating")),
		pod(id, "failed", failed), pod(id, "late", pending("ImagePullBackOff")), pod("20261124120000", "earlier", pending("ErrImagePull")),
	})
	want := Execution{
		ID: id,
		Bad: []Node{
			{"failed", execution.Failed, "ContainerFailed: container check ended with status 7"}, {"gone", execution.Lost, "NodeGone"},
			{"late", execution.Failed, "ErrImagePull: container check: ImagePullBackOff"},
		},
		Stuck: []Node{{"a", execution.Pending, "container check: ErrImagePull"}, {"b", execution.Pending, "container check: ErrImagePull"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if e.Bad[0].Reason != "ContainerFailed" {
		t.Error("the execution itself was changed")
	}
}
