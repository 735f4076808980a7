package record

import (
	"context"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// collection is an API server that deletes collections, which the fake does not do.
type collection struct {
	corev1client.ConfigMapInterface
}

func (c collection) DeleteCollection(ctx context.Context, _ metav1.DeleteOptions, o metav1.ListOptions) error {
	selector, err := labels.Parse(o.LabelSelector)
	if err != nil {
		return err
	}
	list, err := c.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, object := range list.Items {
		if selector.Matches(labels.Set(object.Labels)) {
			if err := c.Delete(ctx, object.Name, metav1.DeleteOptions{}); err != nil {
				return err
			}
		}
	}
	return nil
}

func TestOnlyThePartsOfOtherPlansAreDeleted(t *testing.T) {
	s := newStore(t)
	s.parts = collection{s.parts}
	first := create(t, s.Store, testPlan())
	later := testPlan()
	later.ID = later.ID.Next()
	second := create(t, s.Store, later)
	for _, r := range []Record{first, second} { // another leader wrote its plan, and did not open it
		p := withOther(r.Plan)
		parts, err := pack(p)
		testkit.Must(t, err)
		testkit.Must(t, s.createParts(t.Context(), p, parts))
	}
	testkit.Must(t, s.DeleteLosers(t.Context(), []Head{first.Head()}))
	left, err := s.parts.List(t.Context(), metav1.ListOptions{})
	testkit.Must(t, err)
	if len(left.Items) != 3 {
		t.Errorf("plan parts: got %d, want those of both plans, and the loser of the second", len(left.Items))
	}
	for _, r := range []Record{first, second} {
		if _, err := s.Load(t.Context(), r.Object); err != nil {
			t.Errorf("%s: %v", r.Plan.ID, err)
		}
	}
}
