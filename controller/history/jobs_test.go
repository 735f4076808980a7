package history_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// jobsOf returns the steps that delete the Jobs of nodes.
func jobsOf(r record.Record, nodes ...string) (steps []string) {
	for _, node := range nodes {
		steps = append(steps, "delete jobs "+jobspec.JobName(name, execution.Key{Execution: r.Plan.ID, Node: node}))
	}
	return steps
}

func TestJobsBeyondJobHistory(t *testing.T) {
	tests := map[string]struct {
		keepJobs int
		given    func(*world) (deleted []string)
	}{
		"those of the oldest closed executions are deleted": {keepJobs: 1, given: func(w *world) []string {
			oldest, next := w.execute(50, execution.Closed, "a", "b"), w.execute(40, execution.Closed, "a")
			w.execute(30, execution.Closed, "a")
			return slices.Concat(jobsOf(oldest, "a", "b"), jobsOf(next, "a"))
		}},
		"those of an open execution are not, which does not count": {keepJobs: 1, given: func(w *world) []string {
			w.execute(50, execution.Open, "a")
			w.execute(40, execution.Closed, "a")
			return nil
		}},
		"those of a closing execution are not": {keepJobs: 0, given: func(w *world) []string {
			w.execute(50, execution.Closing, "a")
			return nil
		}},
		"a Job that another execution of the name owns is not": {keepJobs: 0, given: func(w *world) []string {
			r := w.execute(50, execution.Closed, "a")
			w.jobs = append(w.jobs, w.createJob(execution.Key{Execution: r.Plan.ID, Node: "b"}, jobspec.Owner{Name: r.Object.Name, UID: "of a record that was deleted"}))
			return jobsOf(r, "a")
		}},
		"a Job that is being deleted is not deleted again": {keepJobs: 0, given: func(w *world) []string {
			r := w.execute(50, execution.Closed, "a", "b")
			w.jobs[0].DeletionTimestamp = &metav1.Time{Time: time.Now()}
			return jobsOf(r, "b")
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.keepJobs = tt.keepJobs
				want := tt.given(w)
				w.start()
				w.want(want...)
				if len(w.stored()) != len(w.reports) {
					t.Errorf("left: got records %v and reports %v, want all", w.stored(), w.reports)
				}
			})
		})
	}
}

// A Job that was created anew under the name is not the one in the cache, and the pods of
// a Job would stay without a propagation policy.
func TestAJobIsDeletedByItsUIDAndWithItsPods(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.keepJobs = 0
		w.execute(50, execution.Closed, "a")
		w.start()
		var deletions []metav1.DeleteOptions
		for _, action := range w.client.Actions() {
			if deletion, ok := action.(clienttesting.DeleteActionImpl); ok {
				deletions = append(deletions, deletion.DeleteOptions)
			}
		}
		if len(deletions) != 1 {
			t.Fatalf("deletions: got %d, want 1", len(deletions))
		}
		got := deletions[0]
		if got.Preconditions == nil || got.Preconditions.UID == nil || *got.Preconditions.UID != w.jobs[0].UID {
			t.Errorf("preconditions: got %v, want the UID %s", got.Preconditions, w.jobs[0].UID)
		}
		if got.PropagationPolicy == nil || *got.PropagationPolicy != metav1.DeletePropagationBackground {
			t.Errorf("propagation policy: got %v, want Background", got.PropagationPolicy)
		}
	})
}

// One Job that cannot be deleted does not hold up the others.
func TestAJobThatCannotBeDeletedIsDeletedTheNextTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.keepJobs = 0
		r := w.execute(50, execution.Closed, "a", "b", "c")
		w.fail(jobsOf(r, "b")[0], errors.New("broken"))
		h := w.start()
		w.want(jobsOf(r, "a", "c")...)
		w.mend()
		w.jobs = w.jobs[1:2] // the cache has seen the deletions
		w.prune(h)
		w.want(jobsOf(r, "b")...)
	})
}

// Their names keep a request that may still be carried out from creating others.
func TestJobsStayWhileOthersMayStillBeCreated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.keepJobs = 0
		r := w.execute(0, execution.Closed, "a") // closes in a second
		w.start()
		time.Sleep(kube.RequestGrace)
		synctest.Wait()
		w.want()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		w.want(jobsOf(r, "a")...) // without another request
	})
}
