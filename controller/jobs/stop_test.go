package jobs_test

import (
	"errors"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobs"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

var tooLong = execution.End{Outcome: execution.Outcome{State: execution.Failed, Reason: execution.JobTimeout}}

func withJob(t *jobs.Task) {
	t.Observed.Job = &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: t.Name}}
}

// TestStop stops a Job twice, with another reason the second time.
func TestStop(t *testing.T) {
	tests := map[string]struct {
		first   error
		wantErr bool
		want    execution.Reason // that the Job has in the end
	}{
		"at once":                                 {want: execution.JobDeleted},
		"the first request may be carried out":    {first: errNoResponse, wantErr: true, want: execution.JobTimeout},
		"the first request was rejected":          {first: errForbidden, wantErr: true, want: execution.JobDeleted},
		"the first request met a busy API server": {first: errBusy, wantErr: true, want: execution.JobTimeout},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			job := w.job(owner.UID, nil)
			fails := tt.first
			w.reacting("patch", "jobs", func() error { return fails })
			j := w.jobs()
			task := w.first(j)
			task.Observed.Job = job
			got, err := j.Stop(t.Context(), w.lease, task, tooLong)
			if (err != nil) != tt.wantErr || (got.Recheck == plan.StopMargin) == tt.wantErr {
				t.Errorf("got %+v, %v", got, err)
			}
			fails = nil
			_, err = j.Stop(t.Context(), w.lease, task, deleted)
			testkit.Must(t, err)
			job, err = w.client.BatchV1().Jobs(namespace).Get(t.Context(), job.Name, metav1.GetOptions{})
			testkit.Must(t, err)
			if end, stopped := plan.StopOf(job); !stopped || end.Outcome.Reason != tt.want {
				t.Errorf("got %+v, want %q", end, tt.want)
			}
			if again := w.first(j); again.Observed.Stopped == nil || again.Observed.Stopped.End.Outcome.Reason != tt.want {
				t.Errorf("in the next turn: got %+v, want %q", again.Observed.Stopped, tt.want)
			}
		})
	}
}

func TestStopOfADeletedJob(t *testing.T) {
	w := newWorld(t)
	j := w.jobs()
	task := w.first(j)
	withJob(task)
	if got, err := j.Stop(t.Context(), w.lease, task, tooLong); err != nil || got.Recheck != plan.StopMargin {
		t.Errorf("got %+v, %v", got, err)
	}
	w.fence = errNoResponse
	if _, err := j.Stop(t.Context(), w.lease, task, tooLong); !errors.Is(err, errNoResponse) {
		t.Errorf("without the Lease: got %v", err)
	}
}

// TestConfirmStop asks about the pods of a canceled execution, whose cache shows no pod.
func TestConfirmStop(t *testing.T) {
	canceled := plan.Action{Step: plan.Stop, End: execution.End{Outcome: execution.Outcome{State: execution.Canceled}}}
	tests := map[string]struct {
		action   plan.Action
		given    func(*world)
		stopping bool
		want     plan.Step
		err      error
	}{
		"nothing has started":       {action: canceled, want: plan.Stop},
		"the pod runs":              {action: canceled, given: func(w *world) { w.pod(corev1.PodRunning) }, want: plan.Wait},
		"the pods are not listed":   {action: canceled, given: func(w *world) { w.failing("list", "pods", errNoResponse) }, want: plan.Stop, err: errNoResponse},
		"it is no cancellation":     {action: plan.Action{Step: plan.Stop, End: tooLong}, given: func(w *world) { w.pod(corev1.PodRunning) }, want: plan.Stop},
		"it may be stopped already": {action: canceled, given: func(w *world) { w.pod(corev1.PodRunning); w.failing("patch", "jobs", errNoResponse) }, stopping: true, want: plan.Stop},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.plan.Settings.JobTimeout = time.Hour
			if tt.given != nil {
				tt.given(w)
			}
			j := w.jobs()
			task := w.first(j)
			task.Observed.Created, task.Observed.Steering = true, plan.Steering{Cancel: plan.CancelDrain}
			task.Observed.Job = w.job(owner.UID, nil)
			if tt.stopping {
				if _, err := j.Stop(t.Context(), w.lease, task, tooLong); !errors.Is(err, errNoResponse) {
					t.Errorf("the stop before: got %v, want %v", err, errNoResponse)
				}
			}
			got, err := j.ConfirmStop(t.Context(), task, tt.action)
			if got.Step != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("got %+v, %v, want %q, %v", got, err, tt.want, tt.err)
			}
		})
	}
}
