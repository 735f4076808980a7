package history_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

func TestWhatAnExecutionLeftAloneHoldsUp(t *testing.T) {
	const id = execution.ID("20261124034200")
	key := execution.Key{Execution: id, Node: "a"}
	running := func(w *world) {
		w.createJob(key, jobspec.Owner{Name: "check-" + string(id), UID: "1"})
	}
	unreadable := func(w *world) {
		w.client.PrependReactor("list", "jobs", func(clienttesting.Action) (bool, runtime.Object, error) {
			return true, nil, errors.New("the API server is away")
		})
	}
	tests := map[string]struct {
		given    func(*world)
		deadline time.Duration // until which another execution may begin
		wantBusy bool
		wantWait time.Duration // before it is known
	}{
		"nothing, without a Job":                         {given: func(*world) {}, wantWait: kube.RequestGrace},
		"another execution, while a Job runs":            {given: running, wantBusy: true, wantWait: kube.RequestGrace},
		"another one, while a Job may be created":        {given: func(w *world) { time.AfterFunc(20*time.Second, func() { running(w) }) }, wantBusy: true, wantWait: kube.RequestGrace},
		"another one, while the API server is away":      {given: unreadable, deadline: time.Minute, wantBusy: true, wantWait: time.Minute + 1},
		"nothing, with a Job that has ended":             {given: ended(key), wantWait: kube.RequestGrace},
		"another one, while the pod of a deleted Job is": {given: pod(key), wantBusy: true, wantWait: kube.RequestGrace},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				tt.given(w)
				h := w.history()
				damaged := &record.DamagedError{ID: id, Reference: corev1.ObjectReference{Name: "check-" + string(id)}}
				h.LeaveAlone(id, damaged)
				began := time.Now()
				got, about, busy := h.Busy(t.Context(), execution.Firing{Trigger: execution.Cron}, began.Add(tt.deadline))
				if busy != tt.wantBusy || (busy && (got != id || about != damaged.Reference)) {
					t.Errorf("got %t for %q, about %v; want %t", busy, got, about, tt.wantBusy)
				}
				if got := time.Since(began); got != tt.wantWait {
					t.Errorf("known after %s, want %s", got, tt.wantWait)
				}
			})
		})
	}
}

func ended(key execution.Key) func(*world) {
	return func(w *world) {
		job := w.createJob(key, jobspec.Owner{})
		job.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}
		_, err := w.client.BatchV1().Jobs(namespace).UpdateStatus(w.t.Context(), job, metav1.UpdateOptions{})
		testkit.Must(w.t, err)
	}
}

func pod(key execution.Key) func(*world) {
	return func(w *world) {
		labels := jobspec.CommonLabels(name, jobspec.JobComponent)
		labels[jobspec.ExecutionLabel] = string(key.Execution)
		_, err := w.client.CoreV1().Pods(namespace).Create(w.t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "a", Labels: labels}}, metav1.CreateOptions{})
		testkit.Must(w.t, err)
	}
}
