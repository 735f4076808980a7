package record

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// A status that is held back is about the spec as it was, whatever else is written into it.
func TestAStatusThatIsHeldBack(t *testing.T) {
	s := newStore(t)
	r := create(t, s.Store, testPlan())
	steer := func(patch string) {
		t.Helper()
		_, err := s.executions.Patch(t.Context(), r.Object.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
		testkit.Must(t, err)
		r, err = s.Refresh(t.Context(), r)
		testkit.Must(t, err)
	}
	write := func(heldBack bool) {
		t.Helper()
		var err error
		r, err = s.Swap(t.Context(), r, Next{Account: r.Account, At: time.Unix(0, 0), HeldBack: heldBack})
		testkit.Must(t, err)
	}
	want := func(what string, observed plan.Steering, isObserved bool, reason string) {
		t.Helper()
		c := meta.FindStatusCondition(r.Object.Status.Conditions, v1alpha1.ConditionComplete)
		if r.ObservedSteering() != observed || r.Observed() != isObserved || c.Reason != reason || c.ObservedGeneration != r.Object.Status.ObservedGeneration {
			t.Errorf("%s: got %+v, observed %t, generation %d, %+v", what, r.ObservedSteering(), r.Observed(), r.Object.Status.ObservedGeneration, c)
		}
	}
	write(false)
	want("opened", plan.Steering{}, true, v1alpha1.ReasonRunning)
	steer(`{"spec":{"paused":true}}`)
	write(true)
	want("held back", plan.Steering{}, false, v1alpha1.ReasonRunning)
	write(false)
	want("paused", plan.Steering{Paused: true}, true, v1alpha1.ReasonPaused)
	steer(`{"spec":{"paused":false,"cancel":"Drain"}}`)
	write(true)
	want("paused, and the cancel is held back", plan.Steering{Paused: true}, false, v1alpha1.ReasonPaused)
	write(false)
	want("canceled", plan.Steering{Cancel: plan.CancelDrain}, true, v1alpha1.ReasonRunning)
}
