package definitions

import (
	"errors"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

func TestTwoControllersInANamespace(t *testing.T) {
	inWorld(t, func(w *world) {
		one, two := w.replica("one"), w.replica("two")
		w.create("free", "", specOf("disk"))
		w.create("labeled", "two", specOf("disk"))
		if one.Get("free") != nil || two.Get("free") != nil {
			t.Error("a NodeCronJob without an owner has a definition before a leader took it")
		}
		defer one.lead()()
		defer two.lead()()
		w.create("late", "", specOf("late")) // both see it at once
		w.settled()
		for _, name := range []string{"free", "late"} {
			owner := w.get(name).Labels[jobspec.OwnerLabel]
			byOne, byTwo := one.Get(name) != nil, two.Get(name) != nil
			if byOne == byTwo || byOne != (owner == "one") || byTwo != (owner == "two") {
				t.Errorf("the owner of %s is %q, one has it: %t, two has it: %t: want one of them", name, owner, byOne, byTwo)
			}
		}
		if one.Get("labeled") != nil || two.Get("labeled") == nil {
			t.Error("a label was not respected")
		}
		if other := w.get("labeled").Labels[jobspec.OwnerLabel]; other != "two" {
			t.Errorf("the label became %q", other)
		}
	})
}

// Two leaders write the label at the same moment: the API server takes one of the updates.
func TestAnUpdateOfTheOwnerIsOfOneVersion(t *testing.T) {
	inWorld(t, func(w *world) {
		one := w.replica("one")
		w.create("free", "", specOf("disk"))
		stale := one.Cache.All()[0]
		w.change("free", func(n *v1alpha1.NodeCronJob) { n.Labels = map[string]string{jobspec.OwnerLabel: "two"} })
		defer one.lead()()
		if err := one.term.own(w.Context(), stale); err != nil {
			t.Errorf("got %v, want a conflict to be the end of it", err)
		}
		if owner := w.get("free").Labels[jobspec.OwnerLabel]; owner != "two" {
			t.Errorf("the owner is %q, want two", owner)
		}
	})
}

func TestAFailedAdoptionIsTriedAgain(t *testing.T) {
	conflict := apierrors.NewConflict(schema.GroupResource{Resource: "nodecronjobs"}, "free", errors.New("another client wrote it"))
	for name, err := range map[string]error{"no answer comes": errors.New("no answer"), "it is a conflict, and the object stays as it was": conflict} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				one := w.replica("one")
				fails := 3
				w.client.Resources.PrependReactor("update", "*", func(clienttesting.Action) (bool, runtime.Object, error) {
					fails--
					return fails >= 0, nil, err
				})
				defer one.lead()()
				w.create("free", "", specOf("disk"))
				if one.Get("free") != nil {
					t.Fatal("it has a definition already")
				}
				time.Sleep(time.Minute)
				if one.Get("free") == nil || one.Get("free").Current() == nil {
					t.Error("it has no definition a minute later")
				}
			})
		})
	}
}
