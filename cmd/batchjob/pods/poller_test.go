package pods

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster/clustertest"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func seconds(n int) time.Time { return noon.Add(time.Duration(n) * time.Second) }

func startedAt(at time.Time) corev1.ContainerState {
	return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(at)}}
}

func TestPodPoller(t *testing.T) {
	const id = "20261125120000"
	now := noon
	e := progress.Execution{ID: id, NodeCronJob: "check", Pending: 5, PoolSize: 3, Admitted: []string{"a", "b", "c", "d"}}
	refused := &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{Name: "refused", Namespace: "checks"}, Reason: "FailedCreate", Message: "exceeded quota",
		InvolvedObject: corev1.ObjectReference{Kind: "Job", Name: jobspec.JobName("check", execution.Key{Execution: id, Node: "c"})},
	}
	a := clustertest.New(t, refused)
	a.Add(id, "a", corev1.PodSucceeded)
	a.Add(id, "b", corev1.PodRunning)
	a.Add("20261124120000", "d", corev1.PodRunning)
	o := &Poller{Installation: a.Installation}
	look := func(at time.Time) progress.Execution {
		t.Helper()
		got, err := o.Poll(t.Context(), e, at)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}

	want := e
	want.Running, want.Pending = 2, 3
	want.Stuck = []progress.Node{{Name: "c", State: execution.Pending, Reason: "FailedCreate: exceeded quota"}}
	for _, at := range []time.Time{now, now.Add(eventInterval - 1)} {
		if diff := cmp.Diff(want, look(at)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if n := a.Listed("events"); n != 1 {
			t.Errorf("events were asked for %d times", n)
		}
	}
	look(now.Add(eventInterval))
	if n := a.Listed("events"); n != 2 {
		t.Errorf("later events were asked for %d times", n)
	}
	a.Add(id, "c", corev1.PodPending)
	want.Stuck = nil
	if diff := cmp.Diff(want, look(now.Add(2*eventInterval))); diff != "" {
		t.Errorf("with a pod (-want +got):\n%s", diff)
	}
	if n := a.Listed("events"); n != 2 {
		t.Errorf("events were asked for %d times, although every place has a pod", n)
	}
}

// The Jobs of an execution have the name of its definition, which need not be that of the
// controller.
func TestPodPollerOfAnotherDefinition(t *testing.T) {
	const id = "20261125120000"
	e := progress.Execution{ID: id, NodeCronJob: "disk", Pending: 2, PoolSize: 2, Admitted: []string{"a", "b"}}
	a := clustertest.New(t, &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{Name: "refused", Namespace: "checks"}, Reason: "FailedCreate", Message: "exceeded quota",
		InvolvedObject: corev1.ObjectReference{Kind: "Job", Name: jobspec.JobName("disk", execution.Key{Execution: id, Node: "b"})},
	})
	a.AddOf("disk", id, "a", corev1.PodSucceeded)
	o := &Poller{Installation: a.Installation}
	got, err := o.Poll(t.Context(), e, noon)
	if err != nil {
		t.Fatal(err)
	}
	want := e
	want.Running, want.Pending = 1, 1
	want.Stuck = []progress.Node{{Name: "b", State: execution.Pending, Reason: "FailedCreate: exceeded quota"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The poller reads only running pods that may have run for long, and not at each poll.
func TestPodPollerReadsPodsThatRunForLong(t *testing.T) {
	const id = "20261125120000"
	e := progress.Execution{ID: id, NodeCronJob: "check", Pending: 2, PoolSize: 2, Admitted: []string{"a", "b"}, JobTimeout: time.Hour}
	ran := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{FinishedAt: metav1.NewTime(noon)}}
	a := clustertest.New(t)
	for node, age := range map[string]int{"a": 0, "b": 100} {
		a.Add(id, node, corev1.PodRunning)
		pod := &a.Pods[len(a.Pods)-1]
		pod.Name, pod.CreationTimestamp = "pod-"+node, metav1.NewTime(seconds(age))
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "check", State: ran}, {Name: "proxy", State: startedAt(noon)}}
		if err := a.Core.Tracker().Add(pod.DeepCopy()); err != nil {
			t.Fatal(err)
		}
	}
	o := &Poller{Installation: a.Installation}
	want := []progress.Node{{Name: "a", State: execution.Running, Reason: "container proxy still runs, since 12:00:00 UTC; check exited with code 0"}}
	for _, look := range []struct{ at, wantReads int }{{120, 1}, {121, 1}, {125, 2}} {
		got, err := o.Poll(t.Context(), e, seconds(look.at))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.Long); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if n := clustertest.Asked(&a.Core.Fake, "get", "pods"); n != look.wantReads {
			t.Errorf("pods were read %d times, want %d", n, look.wantReads)
		}
	}
}

func TestWhoMayNotReadEventsCanWait(t *testing.T) {
	a := clustertest.New(t)
	a.Core.PrependReactor("list", "events", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(corev1.Resource("events"), "", nil)
	})
	e := progress.Execution{ID: "20261125120000", NodeCronJob: "check", Pending: 1, PoolSize: 1, Admitted: []string{"a"}}
	o := &Poller{Installation: a.Installation}
	got, err := o.Poll(t.Context(), e, noon)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
