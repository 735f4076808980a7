package record

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// All of a status is of one moment, and of one version of the spec.
func TestAWriteSaysAllOfTheStatus(t *testing.T) {
	s, p := newStore(t), testPlan()
	r := create(t, s.Store, p)
	checkConditions(t, "opened", r, "Complete=False/Running", "Degraded=False/NoBadNodes")
	if !r.Observed() || r.Running() != 0 || r.Object.Status.Duration == nil {
		t.Errorf("opened: got %+v", r.Object.Status)
	}

	paused := r.Object.DeepCopy()
	paused.Spec.Paused = true
	_, err := s.executions.Update(t.Context(), paused, metav1.UpdateOptions{})
	testkit.Must(t, err)
	r, err = s.Refresh(t.Context(), r)
	testkit.Must(t, err)
	if r.Observed() || r.Steering() != (plan.Steering{Paused: true}) {
		t.Errorf("paused: got observed %t, %+v", r.Observed(), r.Steering())
	}

	next := Next{Account: r.Account.Clone(), Running: 1, At: p.Scheduled.Add(90*time.Second + time.Millisecond)}
	next.Account.Outcomes = map[execution.Outcome]execution.Indexes{{State: execution.Failed, Reason: "X"}: set(t, "0")}
	r, err = s.Swap(t.Context(), r, next)
	testkit.Must(t, err)
	checkConditions(t, "written", r, "Complete=False/Paused", "Degraded=True/BadNodes")
	want := v1alpha1.NodeCounts{Nodes: 4, Bad: 1, Failed: 1, Running: 1, Pending: 1, Skipped: 1}
	if diff := cmp.Diff(&want, r.Object.Status.Counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if !r.Observed() || r.Running() != 1 || r.Object.Status.Duration.Duration.Duration != 90*time.Second {
		t.Errorf("written: got %+v", r.Object.Status)
	}
	degraded := meta.FindStatusCondition(r.Object.Status.Conditions, v1alpha1.ConditionDegraded)
	if degraded.ObservedGeneration != 2 || !degraded.LastTransitionTime.Time.Equal(p.Scheduled.Add(90*time.Second)) || degraded.Message != "1 failed, 1 skipped" {
		t.Errorf("Degraded: got %+v", degraded)
	}

	closed := Next{Account: r.Account.Clone(), At: p.Scheduled.Add(time.Hour)}
	closed.Account.Phase, closed.Account.ClosedAt = execution.Closed, p.Scheduled.Add(2*time.Minute) // as an earlier leader's report says
	r, err = s.Swap(t.Context(), r, closed)
	testkit.Must(t, err)
	checkConditions(t, "closed", r, "Complete=True/AllEnded", "Degraded=True/BadNodes")
	if got := r.Object.Status.Duration.Duration.Duration; got != 2*time.Minute {
		t.Errorf("closed: got a duration of %s, want that until the report", got)
	}
	degraded = meta.FindStatusCondition(r.Object.Status.Conditions, v1alpha1.ConditionDegraded)
	if !degraded.LastTransitionTime.Time.Equal(p.Scheduled.Add(90 * time.Second)) {
		t.Errorf("Degraded: got %+v, want it as old as before", degraded)
	}
}

func checkConditions(t *testing.T, when string, r Record, want ...string) {
	t.Helper()
	var got []string
	for _, c := range r.Object.Status.Conditions {
		got = append(got, c.Type+"="+string(c.Status)+"/"+c.Reason)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: conditions (-want +got):\n%s", when, diff)
	}
}
