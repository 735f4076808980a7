package history_test

import (
	"errors"
	"testing"
	"testing/synctest"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

func TestWhetherAPodOfAnExecutionMayRun(t *testing.T) {
	const id = execution.ID("20261124034200")
	key := execution.Key{Execution: id, Node: "a"}
	tests := map[string]struct {
		given   func(*world)
		want    bool
		wantErr bool
	}{
		"without a Job":   {given: func(*world) {}},
		"while a Job may": {given: func(w *world) { w.createJob(key, jobspec.Owner{Name: "check-" + string(id), UID: "1"}) }, want: true},
		"while the API server is away": {given: func(w *world) {
			w.client.PrependReactor("list", "jobs", func(clienttesting.Action) (bool, runtime.Object, error) {
				return true, nil, errors.New("the API server is away")
			})
		}, wantErr: true},
		"with a Job that has ended":         {given: ended(key)},
		"while the pod of a deleted Job is": {given: pod(key), want: true},
		"with a Job of another execution": {given: func(w *world) {
			w.createJob(execution.Key{Execution: id.Next(), Node: "a"}, jobspec.Owner{Name: "check-" + string(id), UID: "1"})
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				tt.given(w)
				got, err := w.history().MayRun(t.Context(), id)
				if got != tt.want || (err != nil) != tt.wantErr {
					t.Errorf("got %t, %v, want %t", got, err, tt.want)
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
