package jobs_test

import (
	"testing"
	"testing/synctest"
	"time"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// TestLook looks at a task with running caches.
func TestLook(t *testing.T) {
	stopped := func(job *batchv1.Job) {
		job.Annotations[jobspec.StopAnnotation] = "failed/" + string(execution.JobTimeout)
	}
	tests := map[string]struct {
		given                      func(*world)
		own, foreign, gone, isStop bool
	}{
		"a node and no Job":         {given: func(w *world) { w.node(time.Time{}) }},
		"no node":                   {given: func(*world) {}, gone: true},
		"its Job":                   {given: func(w *world) { w.node(time.Time{}); w.job(owner.UID, nil) }, own: true},
		"another execution's":       {given: func(w *world) { w.node(time.Time{}); w.job("another", stopped) }, foreign: true},
		"an earlier leader's stop":  {given: func(w *world) { w.node(time.Time{}); w.job(owner.UID, stopped) }, own: true, isStop: true},
		"its Job, and no node left": {given: func(w *world) { w.job(owner.UID, nil) }, own: true, gone: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				tt.given(w)
				w.caches.Run(t.Context())
				testkit.Must(t, w.caches.WaitForSync(t.Context()))
				j := w.jobs()
				task := j.Look(execution.Task{Node: w.plan.Nodes[0]})
				j.LookAtPods(task)
				o := task.Observed
				if (task.Job() != nil) != tt.own || o.Foreign != tt.foreign || o.NodeGone != tt.gone || (o.Stopped != nil) != tt.isStop {
					t.Errorf("got %+v", o)
				}
				if seen := tt.own || tt.foreign; o.Seen != seen {
					t.Errorf("seen: got %t, want %t", o.Seen, seen)
				}
			})
		})
	}
}
