package fake

import (
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/api/client"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

func newExecution(t *testing.T) (client.ExecutionInterface, *v1alpha1.Execution) {
	t.Helper()
	c, err := New()
	if err != nil {
		t.Fatal(err)
	}
	executions := client.Interface(c).Executions("default")
	created, err := executions.Create(t.Context(), &v1alpha1.Execution{
		ObjectMeta: metav1.ObjectMeta{Name: "now"},
		Spec:       v1alpha1.ExecutionSpec{NodeCronJobName: "check"},
		Status:     v1alpha1.ExecutionStatus{Phase: v1alpha1.Closed},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return executions, created
}

func TestCreate(t *testing.T) {
	executions, created := newExecution(t)
	if created.Status.Phase != "" || created.Generation != 1 || created.UID == "" || created.ResourceVersion == "" {
		t.Errorf("got %+v, want no status, and the first generation", created)
	}
	if _, err := executions.Create(t.Context(), created, metav1.CreateOptions{}); !apierrors.IsAlreadyExists(err) {
		t.Errorf("create it again: got %v, want AlreadyExists", err)
	}
}

func TestUpdatesAreOfTheSpecOrOfTheStatus(t *testing.T) {
	executions, created := newExecution(t)
	changed := created.DeepCopy()
	changed.Spec.Paused, changed.Status.Phase = true, v1alpha1.Queued
	spec, err := executions.Update(t.Context(), changed, metav1.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !spec.Spec.Paused || spec.Status.Phase != "" || spec.Generation != 2 {
		t.Errorf("update: got %+v, want only the spec changed, and the next generation", spec)
	}
	changed = spec.DeepCopy()
	changed.Spec.Paused, changed.Status.Phase = false, v1alpha1.Queued
	status, err := executions.UpdateStatus(t.Context(), changed, metav1.UpdateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !status.Spec.Paused || status.Status.Phase != v1alpha1.Queued || status.Generation != 2 {
		t.Errorf("update the status: got %+v, want only the status changed", status)
	}
}

func TestStaleUpdatesConflict(t *testing.T) {
	executions, created := newExecution(t)
	if _, err := executions.UpdateStatus(t.Context(), created, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := executions.UpdateStatus(t.Context(), created, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
		t.Errorf("update the status: got %v, want a conflict", err)
	}
	if _, err := executions.Update(t.Context(), created, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
		t.Errorf("update: got %v, want a conflict", err)
	}
	patch := []byte(`{"spec": {"cancel": "Drain"}}`)
	patched, err := executions.Patch(t.Context(), created.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil || patched.Spec.Cancel != v1alpha1.CancelDrain || patched.Generation != 2 {
		t.Errorf("got %+v, %v, want it canceled, whatever its version", patched, err)
	}
	again := created.DeepCopy()
	again.ResourceVersion, again.UID = "", "other"
	if _, err := executions.Update(t.Context(), again, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
		t.Errorf("update one that was created anew: got %v, want a conflict", err)
	}
}

func TestWatchAndList(t *testing.T) {
	executions, created := newExecution(t)
	list, err := executions.List(t.Context(), metav1.ListOptions{})
	if err != nil || len(list.Items) != 1 || list.Items[0].Name != created.Name {
		t.Fatalf("got %+v, %v, want the one", list, err)
	}
	w, err := executions.Watch(t.Context(), metav1.ListOptions{ResourceVersion: list.ResourceVersion})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	if err := executions.Delete(t.Context(), created.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if event := <-w.ResultChan(); event.Type != "DELETED" {
		t.Errorf("got %+v, want that it was deleted", event)
	}
	if _, err := executions.Get(t.Context(), created.Name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("got %v, want NotFound", err)
	}
}

func TestNodeCronJobs(t *testing.T) {
	c, err := New(&v1alpha1.NodeCronJob{ObjectMeta: metav1.ObjectMeta{Name: "check", Namespace: "default"}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.NodeCronJobs("default").Get(t.Context(), "check", metav1.GetOptions{})
	if err != nil || got.UID == "" {
		t.Errorf("got %+v, %v, want the one", got, err)
	}
	all, err := c.NodeCronJobs("").List(t.Context(), metav1.ListOptions{})
	if err != nil || len(all.Items) != 1 {
		t.Errorf("got %+v, %v, want that of the other namespace", all, err)
	}
}
