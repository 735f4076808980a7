package kube_test

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// told has what a cache has told since the last look.
type told struct {
	mu  sync.Mutex
	all []string
}

func (t *told) note(o execution.Object) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, o.Name+" "+o.UID)
}

func (t *told) take() []string {
	synctest.Wait()
	t.mu.Lock()
	defer t.mu.Unlock()
	all := t.all
	t.all = nil
	return all
}

func TestTheCacheOfExecutionsTellsOfChangedSpecs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clientset := testkit.NewClientset()
		client := clientset.V1alpha1().Executions("jobs")
		created, err := client.Create(t.Context(), &v1alpha1.Execution{
			ObjectMeta: metav1.ObjectMeta{Name: "x"}, Spec: v1alpha1.ExecutionSpec{NodeCronJobName: "check"},
		}, metav1.CreateOptions{})
		testkit.Must(t, err)
		cache, err := kube.NewExecutions(clientset, "jobs", "replica", clock.RealClock{}, nil)
		testkit.Must(t, err)
		var got told
		testkit.Must(t, cache.Notify(func(_ string, e execution.Object) { got.note(e) }))
		if cache.Shows(created) || cache.Synced() {
			t.Error("the cache has it before it runs")
		}
		go cache.Run(t.Context())
		testkit.Must(t, cache.WaitForSync(t.Context()))
		current, one := created, []string{"x " + string(created.UID)}
		update := func(write func(*v1alpha1.Execution)) {
			current = current.DeepCopy()
			write(current)
			current, err = client.Update(t.Context(), current, metav1.UpdateOptions{})
			testkit.Must(t, err)
		}
		for _, step := range []struct {
			what string
			do   func()
			want []string
		}{
			{"it was there", func() {}, one},
			{"a label", func() { update(func(e *v1alpha1.Execution) { e.Labels = map[string]string{"a": "b"} }) }, nil},
			{"the status", func() {
				current.Status = v1alpha1.ExecutionStatus{Phase: v1alpha1.Queued, Account: &v1alpha1.Account{Schema: 1}}
				current, err = client.UpdateStatus(t.Context(), current, metav1.UpdateOptions{})
				testkit.Must(t, err)
			}, nil},
			{"the spec", func() { update(func(e *v1alpha1.Execution) { e.Spec.Paused = true }) }, one},
			{"a deletion", func() { testkit.Must(t, client.Delete(t.Context(), "x", metav1.DeleteOptions{})) }, one},
		} {
			before := current
			step.do()
			if all := got.take(); !slices.Equal(all, step.want) {
				t.Errorf("%s: told %v, want %v", step.what, all, step.want)
			}
			if shown := cache.Shows(current); shown != (step.what != "a deletion") {
				t.Errorf("%s: the cache shows it as it is: %t", step.what, shown)
			}
			if step.what == "the spec" && cache.Shows(before) {
				t.Errorf("%s: the cache shows it as it was", step.what)
			}
		}
	})
}

// Another Execution has the name, and the watch has missed that the first one was deleted.
func TestTheCacheOfExecutionsTellsOfOneThatWasReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clientset := testkit.NewClientset()
		resource := v1alpha1.GroupVersion().WithResource(v1alpha1.ExecutionResource)
		add := func(uid types.UID) *v1alpha1.Execution {
			return &v1alpha1.Execution{ObjectMeta: metav1.ObjectMeta{Name: "x", Namespace: "jobs", UID: uid}}
		}
		testkit.Must(t, clientset.Resources.Tracker().Add(add("first")))
		cache, err := kube.NewExecutions(clientset, "jobs", "replica", clock.RealClock{}, nil)
		testkit.Must(t, err)
		var got told
		testkit.Must(t, cache.Notify(func(_ string, e execution.Object) { got.note(e) }))
		go cache.Run(t.Context())
		testkit.Must(t, cache.WaitForSync(t.Context()))
		if all := got.take(); !slices.Equal(all, []string{"x first"}) {
			t.Fatalf("told %v, want of the first", all)
		}
		testkit.Must(t, clientset.Resources.Tracker().Update(resource, add("second"), "jobs"))
		if all := got.take(); !slices.Equal(all, []string{"x first", "x second"}) {
			t.Errorf("told %v, want of both", all)
		}
	})
}

func TestTheCacheHasTheExecutionsOfADefinition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clientset := testkit.NewClientset()
		for name, definition := range map[string]string{"a": "check", "b": "check", "c": "audit"} {
			_, err := clientset.V1alpha1().Executions("jobs").Create(t.Context(), &v1alpha1.Execution{
				ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.ExecutionSpec{NodeCronJobName: definition},
			}, metav1.CreateOptions{})
			testkit.Must(t, err)
		}
		cache, err := kube.NewExecutions(clientset, "jobs", "replica", clock.RealClock{}, nil)
		testkit.Must(t, err)
		go cache.Run(t.Context())
		testkit.Must(t, cache.WaitForSync(t.Context()))
		for definition, want := range map[string][]string{"check": {"a", "b"}, "audit": {"c"}, "other": nil} {
			var names []string
			for _, e := range cache.ExecutionsOf(definition) {
				names = append(names, e.Name)
			}
			if slices.Sort(names); !slices.Equal(names, want) {
				t.Errorf("%s: got %v, want %v", definition, names, want)
			}
		}
	})
}
