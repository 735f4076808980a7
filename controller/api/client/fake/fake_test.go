package fake

import (
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/api/client"
	"github.com/batch-job-controller/batch-job-controller/controller/api/client/clienttest"
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

// Package clienttest has what else a real API server does.
func TestCases(t *testing.T) {
	for _, test := range clienttest.Cases() {
		t.Run(test.Name, func(t *testing.T) {
			c, err := New()
			if err != nil {
				t.Fatal(err)
			}
			test.Run(t, clienttest.Cluster{Namespace: "default", Resources: c})
		})
	}
}

func TestPatch(t *testing.T) {
	executions, created := newExecution(t)
	patch := []byte(`{"spec": {"cancel": "Drain"}}`)
	patched, err := executions.Patch(t.Context(), created.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil || patched.Spec.Cancel != v1alpha1.CancelDrain || patched.Generation != 2 || patched.ResourceVersion == created.ResourceVersion {
		t.Errorf("got %+v, %v, want it canceled, of the next generation", patched, err)
	}
	patch = []byte(`{"spec": {"nodeCronJobName": "other"}}`)
	if _, err := executions.Patch(t.Context(), created.Name, types.MergePatchType, patch, metav1.PatchOptions{}); !apierrors.IsInvalid(err) {
		t.Errorf("got %v, want that it is immutable", err)
	}
	if _, err := executions.Patch(t.Context(), created.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status"); err == nil {
		t.Error("got no error of a patch that the fake cannot do")
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
