package batchjob

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	metadatafake "k8s.io/client-go/metadata/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// answers is an API server that knows the phases of pods, which the fake clients
// do not select by.
type answers struct {
	*installation
	client *fake.Clientset
	pods   []corev1.Pod
}

func newAnswers(objects ...runtime.Object) *answers {
	meta := metadatafake.NewSimpleMetadataClient(metadatafake.NewTestScheme())
	a := &answers{client: fake.NewClientset(objects...)}
	a.installation = &installation{
		cluster:    &cluster{Interface: a.client, metadata: meta},
		deployment: &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "controller", Namespace: "checks"}},
		container:  "controller",
		namespace:  "checks",
		config:     config.Config{Name: "check"},
	}
	a.client.PrependReactor("list", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		return true, &corev1.PodList{Items: a.inPhases(action)}, nil
	})
	meta.PrependReactor("list", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		list := &metav1.List{}
		for _, pod := range a.inPhases(action) {
			list.Items = append(list.Items, runtime.RawExtension{Object: &metav1.PartialObjectMetadata{ObjectMeta: pod.ObjectMeta}})
		}
		return true, list, nil
	})
	meta.PrependReactor("list", "configmaps", func(clienttesting.Action) (bool, runtime.Object, error) {
		list := &metav1.List{}
		for _, o := range objects {
			if record, ok := o.(*corev1.ConfigMap); ok {
				list.Items = append(list.Items, runtime.RawExtension{Object: &metav1.PartialObjectMetadata{ObjectMeta: record.ObjectMeta}})
			}
		}
		return true, list, nil
	})
	return a
}

func (a *answers) inPhases(action clienttesting.Action) (in []corev1.Pod) {
	selector := action.(clienttesting.ListAction).GetListRestrictions().Fields
	for _, pod := range a.pods {
		if selector.Matches(fields.Set{"status.phase": string(pod.Status.Phase)}) {
			in = append(in, pod)
		}
	}
	return in
}

func (a *answers) add(id execution.ID, node string, phase corev1.PodPhase) {
	labels := jobspec.CommonLabels(a.config.Name, jobspec.JobComponent)
	labels[jobspec.ExecutionLabel] = string(id)
	labels[batchv1.JobNameLabel] = a.jobOf(id, node)
	a.pods = append(a.pods, corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "checks", Labels: labels, Annotations: map[string]string{jobspec.NodeAnnotation: node}},
		Status:     corev1.PodStatus{Phase: phase},
	})
}

func (a *answers) listed(resource string) int { return a.asked("list", resource) }

func (a *answers) got(resource string) int { return a.asked("get", resource) }

func (a *answers) asked(verb, resource string) (n int) {
	for _, action := range a.client.Actions() {
		if action.Matches(verb, resource) {
			n++
		}
	}
	return n
}

func TestPodPoller(t *testing.T) {
	const id = "20261125120000"
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	e := progress.Execution{ID: id, Pending: 5, PoolSize: 3, Admitted: []string{"a", "b", "c", "d"}}
	refused := &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{Name: "refused", Namespace: "checks"}, Reason: "FailedCreate", Message: "exceeded quota",
		InvolvedObject: corev1.ObjectReference{Kind: "Job", Name: jobspec.JobName("check", execution.Key{Execution: id, Node: "c"})},
	}
	a := newAnswers(refused)
	a.add(id, "a", corev1.PodSucceeded)
	a.add(id, "b", corev1.PodRunning)
	a.add("20261124120000", "d", corev1.PodRunning)
	o := &podPoller{installation: a.installation}
	look := func(at time.Time) progress.Execution {
		t.Helper()
		got, err := o.poll(t.Context(), e, at)
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
		if n := a.listed("events"); n != 1 {
			t.Errorf("events were asked for %d times", n)
		}
	}
	look(now.Add(eventInterval))
	if n := a.listed("events"); n != 2 {
		t.Errorf("later events were asked for %d times", n)
	}
	a.add(id, "c", corev1.PodPending)
	want.Stuck = nil
	if diff := cmp.Diff(want, look(now.Add(2*eventInterval))); diff != "" {
		t.Errorf("with a pod (-want +got):\n%s", diff)
	}
	if n := a.listed("events"); n != 2 {
		t.Errorf("events were asked for %d times, although every place has a pod", n)
	}
}

// Of the pods that run only those are read that may have run for long, and not at
// each look.
func TestPodPollerReadsPodsThatRunForLong(t *testing.T) {
	const id = "20261125120000"
	e := progress.Execution{ID: id, Pending: 2, PoolSize: 2, Admitted: []string{"a", "b"}, JobTimeout: time.Hour}
	ran := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{FinishedAt: metav1.NewTime(noon)}}
	a := newAnswers()
	for node, age := range map[string]int{"a": 0, "b": 100} {
		a.add(id, node, corev1.PodRunning)
		pod := &a.pods[len(a.pods)-1]
		pod.Name, pod.CreationTimestamp = "pod-"+node, metav1.NewTime(seconds(age))
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "check", State: ran}, {Name: "proxy", State: startedAt(noon)}}
		if err := a.client.Tracker().Add(pod.DeepCopy()); err != nil {
			t.Fatal(err)
		}
	}
	o := &podPoller{installation: a.installation}
	want := []progress.Node{{Name: "a", State: execution.Running, Reason: "container proxy still runs, since 12:00:00 UTC; check exited with code 0"}}
	for _, look := range []struct{ at, wantReads int }{{120, 1}, {121, 1}, {125, 2}} {
		got, err := o.poll(t.Context(), e, seconds(look.at))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.Long); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if n := a.got("pods"); n != look.wantReads {
			t.Errorf("pods were read %d times, want %d", n, look.wantReads)
		}
	}
}

func TestWhoMayNotReadEventsCanWait(t *testing.T) {
	a := newAnswers()
	a.client.PrependReactor("list", "events", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(corev1.Resource("events"), "", nil)
	})
	e := progress.Execution{ID: "20261125120000", Pending: 1, PoolSize: 1, Admitted: []string{"a"}}
	o := &podPoller{installation: a.installation}
	got, err := o.poll(t.Context(), e, time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func recordOf(t *testing.T, id execution.ID, phase execution.Phase) *corev1.ConfigMap {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if err := json.NewEncoder(w).Encode(execution.Plan{ID: id}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	labels := jobspec.CommonLabels("check", jobspec.RecordComponent)
	labels[jobspec.ExecutionLabel] = string(id)
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: "checks", Name: jobspec.RecordName("check", id), Labels: labels},
		BinaryData: map[string][]byte{"plan.json.gz": packed.Bytes()},
		Data:       map[string]string{"schema": "1", "phase": string(phase)},
	}
}
