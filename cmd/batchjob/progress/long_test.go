package progress

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestStillRuns(t *testing.T) {
	start := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	runs := func(name string, after time.Duration) corev1.ContainerStatus {
		return corev1.ContainerStatus{Name: name, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(start.Add(after))}}}
	}
	hasEnded := func(name string, status int32, after time.Duration) corev1.ContainerStatus {
		return corev1.ContainerStatus{Name: name, State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: status, FinishedAt: metav1.NewTime(start.Add(after))}}}
	}
	tests := map[string]struct {
		init, containers []corev1.ContainerStatus
		after            time.Duration
		want             string
	}{
		"it has just begun":                {containers: []corev1.ContainerStatus{runs("check", 0)}, after: 29 * time.Minute},
		"half of its time is over":         {containers: []corev1.ContainerStatus{runs("check", 5*time.Second)}, after: 30 * time.Minute, want: "container check still runs, since 12:00:05 UTC"},
		"an init container works for long": {init: []corev1.ContainerStatus{runs("prepare", 0)}, containers: []corev1.ContainerStatus{{Name: "check"}}, after: 30 * time.Minute, want: "container prepare still runs, since 12:00:00 UTC"},
		"nothing runs":                     {containers: []corev1.ContainerStatus{{Name: "check"}}, after: time.Hour},
		"another has ended just now":       {containers: []corev1.ContainerStatus{runs("proxy", 0), hasEnded("check", 0, time.Minute)}, after: 2*time.Minute - 1},
		"another has ended a while ago":    {containers: []corev1.ContainerStatus{runs("proxy", 0), hasEnded("check", 0, time.Minute)}, after: 2 * time.Minute, want: "container proxy still runs, since 12:00:00 UTC; check exited with code 0"},
		"several run, and several have ended": {
			containers: []corev1.ContainerStatus{runs("proxy", time.Second), runs("agent", 0), hasEnded("check", 7, time.Minute), hasEnded("send", 0, 2*time.Minute)}, after: 3 * time.Minute,
			want: "containers proxy and agent still run, since 12:00:00 UTC; check exited with code 7; send exited with code 0",
		},
		"an init container that has ended is as it should be": {init: []corev1.ContainerStatus{hasEnded("prepare", 0, 0)}, containers: []corev1.ContainerStatus{runs("check", 0)}, after: 5 * time.Minute},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			pod := &corev1.Pod{Status: corev1.PodStatus{StartTime: &metav1.Time{Time: start}, InitContainerStatuses: test.init, ContainerStatuses: test.containers}}
			if got := describeRunning(pod, time.Hour, start.Add(test.after)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestPodsThatMayBeLong(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	var pods []metav1.PartialObjectMetadata
	for i := range 14 {
		pods = append(pods, metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
			Name: fmt.Sprintf("pod-%02d", i), CreationTimestamp: metav1.NewTime(now.Add(-time.Duration(i) * 30 * time.Second)),
		}})
	}
	got := MayBeLong(pods, now)
	want := []string{"pod-13", "pod-12", "pod-11", "pod-10", "pod-09", "pod-08", "pod-07", "pod-06", "pod-05", "pod-04"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := MayBeLong(pods[:4], now); !slices.Equal(got, []string{"pod-03", "pod-02"}) {
		t.Errorf("got %v", got)
	}
}

// Long-running pods are listed beside pods that do not start, and are not failures.
func TestNodesThatRunForLong(t *testing.T) {
	now := time.Date(2026, 11, 25, 13, 0, 0, 0, time.UTC)
	e := Execution{ID: sampleID, Pending: 3, PoolSize: 3, Admitted: []string{"b", "a", "c"}, JobTimeout: time.Hour}
	pod := func(node string, began time.Time) corev1.Pod {
		return corev1.Pod{ObjectMeta: metaOf(sampleID, node), Status: corev1.PodStatus{
			StartTime: &metav1.Time{Time: began}, ContainerStatuses: []corev1.ContainerStatus{{Name: "check", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(began)}}}},
		}}
	}
	running := []corev1.Pod{pod("a", now.Add(-40*time.Minute)), pod("b", now.Add(-50*time.Minute)), pod("c", now.Add(-time.Minute))}
	var p Pods
	var started []metav1.PartialObjectMetadata
	for _, r := range running {
		started = append(started, metav1.PartialObjectMetadata{ObjectMeta: r.ObjectMeta})
	}
	p.Started(e, started)
	p.LongRunning(e, running, now)
	got := e.With(p)
	want := []Node{
		{"a", execution.Running, "container check still runs, since 12:20:00 UTC"},
		{"b", execution.Running, "container check still runs, since 12:10:00 UTC"},
	}
	if diff := cmp.Diff(want, got.Long); diff != "" || len(got.Stuck) > 0 {
		t.Errorf("-want +got:\n%s\nstuck: %v", diff, got.Stuck)
	}
	text, gist := got.StuckText()
	if text != "  nodes a and b: container check still runs, since 12:20:00 UTC" || gist != "nodes a and b: container check still runs;" {
		t.Errorf("got %q, %q", text, gist)
	}
}
