package jobs_test

import (
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobs"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

var deleted = execution.End{Outcome: execution.Outcome{State: execution.Lost, Reason: execution.JobDeleted}}

func TestVerify(t *testing.T) {
	created := func(t *jobs.Task) { t.Observed.Created = true }
	tests := map[string]struct {
		given    func(*world)
		observed func(*jobs.Task)
		end      execution.End
		want     jobs.Result
		wantEnd  execution.Reason
		wantErr  bool
	}{
		"the Job exists":                       {given: func(w *world) { w.job(owner.UID, nil) }, end: deleted, want: jobs.Result{Created: true, Recheck: timing.LongestSleep}},
		"there is none":                        {end: deleted, wantEnd: execution.JobDeleted},
		"there is none, which ends nothing":    {wantErr: true},
		"there is no response":                 {given: func(w *world) { w.failing("get", "jobs", errNoResponse) }, end: deleted, wantErr: true},
		"it is another execution's":            {given: func(w *world) { w.job("of another", nil) }, end: deleted, wantEnd: execution.ForeignJob},
		"an earlier leader may have asked":     {given: func(w *world) { w.taken = time.Now() }, end: deleted, want: jobs.Result{Recheck: kube.RequestGrace}},
		"it may have asked, for a foreign one": {given: func(w *world) { w.taken = time.Now(); w.job("of another", nil) }, end: deleted, wantEnd: execution.ForeignJob},
		"its pod runs": {given: func(w *world) { w.pod(corev1.PodRunning) }, observed: created, end: deleted,
			want: jobs.Result{Recheck: 5 * time.Second}},
		"its pod runs on a node that was deleted": {given: func(w *world) { w.pod(corev1.PodRunning) }, end: deleted,
			observed: func(t *jobs.Task) { t.Observed.Created, t.Observed.NodeGone = true, true }, wantEnd: execution.JobDeleted},
		"its pod has ended": {given: func(w *world) { w.pod(corev1.PodFailed) }, observed: created, end: deleted, wantEnd: execution.JobDeleted},
		"its pods are not listed": {given: func(w *world) { w.failing("list", "pods", errNoResponse) }, observed: created, end: deleted,
			want: jobs.Result{Recheck: 5 * time.Second}, wantErr: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				if tt.given != nil {
					tt.given(w)
				}
				j := w.jobs()
				task := w.first(j)
				if tt.observed != nil {
					tt.observed(task)
				}
				got, err := j.Verify(t.Context(), task, tt.end)
				if got.Created != tt.want.Created || got.Recheck != tt.want.Recheck || got.End.Outcome.Reason != tt.wantEnd {
					t.Errorf("got %+v, want %+v, end %q", got, tt.want, tt.wantEnd)
				}
				if (err != nil) != tt.wantErr {
					t.Errorf("got %v, want an error: %t", err, tt.wantErr)
				}
			})
		})
	}
}

// TestAForeignJobIsNotTheTasks has the API server show that another client has replaced the
// Job that the cache shows.
func TestAForeignJobIsNotTheTasks(t *testing.T) {
	w := newWorld(t)
	foreign := w.job("of another", nil)
	j := w.jobs()
	task := w.first(j)
	task.Observed.Job = foreign.DeepCopy() // as it was before
	if task.Job() == nil {
		t.Error("the Job in the cache is not the task's")
	}
	if _, err := j.Verify(t.Context(), task, deleted); err != nil || task.Job() != nil {
		t.Errorf("got the Job %v, %v, want none", task.Job(), err)
	}
}
