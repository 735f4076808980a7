package jobs_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobs"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

func TestFinish(t *testing.T) {
	tests := map[string]struct {
		given    func(*world)
		observed func(*jobs.Task)
		want     time.Duration // until it may end
	}{
		"no request may be carried out":    {},
		"one of an earlier leader may be":  {given: func(w *world) { w.taken = time.Now().Add(-time.Second) }, want: kube.RequestGrace - time.Second},
		"it may no longer be":              {given: func(w *world) { w.taken = time.Now().Add(-kube.RequestGrace) }},
		"it was not admitted":              {given: func(w *world) { w.taken = time.Now() }, observed: func(t *jobs.Task) { t.Observed.Admitted = false }},
		"a foreign Job has its Job's name": {given: func(w *world) { w.taken = time.Now() }, observed: func(t *jobs.Task) { t.Observed.Foreign = true }},
		"one of this leader may be":        {given: func(w *world) { w.failing("create", "jobs", errNoResponse) }, want: kube.RequestGrace},
		"the request was rejected":         {given: func(w *world) { w.failing("create", "jobs", errForbidden) }},
		"one may be, and it has its Job":   {given: func(w *world) { w.taken = time.Now() }, observed: withJob},
		"this leader's is the last request": {given: func(w *world) {
			w.taken = time.Now().Add(-20 * time.Second)
			w.failing("create", "jobs", errNoResponse)
		}, want: kube.RequestGrace},
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
				} else if _, err := j.Create(t.Context(), w.lease, task); err != nil && !errors.Is(err, errNoResponse) && !errors.Is(err, errForbidden) {
					t.Fatal(err)
				}
				got := j.Finish(task, deleted)
				if ends := got.End.Outcome.Reason == execution.JobDeleted; got.Recheck != tt.want || ends != (tt.want == 0) {
					t.Errorf("got %+v, want an end after %s", got, tt.want)
				}
			})
		})
	}
}
