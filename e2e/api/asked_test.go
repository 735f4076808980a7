//go:build e2e

package api

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
)

func asItIs(*v1alpha1.Execution) {}

func canceled(e *v1alpha1.Execution) { e.Spec.Cancel = v1alpha1.CancelStop }

const asked = "by-hand"

// ask creates an Execution as a person does.
func ask(t *testing.T, site *rig.Site, mutate func(*v1alpha1.Execution)) {
	t.Helper()
	e := &v1alpha1.Execution{ObjectMeta: metav1.ObjectMeta{Name: asked}, Spec: v1alpha1.ExecutionSpec{NodeCronJobName: rig.Name}}
	mutate(e)
	if _, err := site.Executions().Create(t.Context(), e, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func checkRejected(t *testing.T, site *rig.Site, _ execution.Report) {
	t.Helper()
	e, err := site.Executions().Get(t.Context(), asked, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Status.Conditions) != 1 || e.Status.Conditions[0].Reason != v1alpha1.ReasonCanceled || e.Status.ExecutionID != "" {
		t.Errorf("the person's execution: got %+v, want it rejected as canceled", e.Status)
	}
}

// waitNoEntries waits until no execution has an entry in the state any more.
func waitNoEntries(t *testing.T, site *rig.Site) {
	t.Helper()
	eventually(t, "the state has no entries", func() bool {
		state, err := site.Client.CoreV1().ConfigMaps(site.Namespace).Get(t.Context(), jobspec.StateName(rig.Name), metav1.GetOptions{})
		return err == nil && state.Data["executions"] == ""
	})
}
