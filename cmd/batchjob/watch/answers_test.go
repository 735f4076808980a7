package watch

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster/clustertest"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// answers is an API server with executions.
type answers struct{ *clustertest.Server }

func newAnswers(t *testing.T, objects ...runtime.Object) *answers {
	t.Helper()
	return &answers{clustertest.New(t, objects...)}
}

// gotRecords returns how often a record was read.
func (a *answers) gotRecords() int {
	return clustertest.Asked(a.Custom.Fake, "get", v1alpha1.ExecutionResource)
}

// record opens an execution, and writes its phase.
func (a *answers) record(t *testing.T, id execution.ID, phase execution.Phase) *v1alpha1.Execution {
	t.Helper()
	store := record.NewStore(a.Custom.Executions("checks"), a.Core.CoreV1().ConfigMaps("checks"), "check")
	e, err := store.Create(t.Context(), record.NodeCronJob{Name: "check"}, execution.Firing{Trigger: execution.Cron, Scheduled: id.Time()})
	if err != nil {
		t.Fatal(err)
	}
	r, err := store.Open(t.Context(), e, execution.Plan{ID: id, NodeCronJob: "check", Trigger: execution.Cron, Scheduled: id.Time()}, record.Next{Account: execution.Account{Phase: execution.Open}, At: id.Time()})
	if err != nil {
		t.Fatal(err)
	}
	if phase != execution.Open {
		if r, err = store.Swap(t.Context(), r, record.Next{Account: execution.Account{Phase: phase}}); err != nil {
			t.Fatal(err)
		}
	}
	a.Custom.ClearActions()
	return r.Object
}

// edit changes a record, as a tool may that writes what the API server stores.
func (a *answers) edit(t *testing.T, e *v1alpha1.Execution, change func(*v1alpha1.Execution)) {
	t.Helper()
	changed := e.DeepCopy()
	change(changed)
	if err := a.Custom.Tracker().Update(v1alpha1.GroupVersion().WithResource(v1alpha1.ExecutionResource), changed, "checks"); err != nil {
		t.Fatal(err)
	}
}

// withoutPlan damages a record.
func withoutPlan(e *v1alpha1.Execution) { e.Status.Plan = nil }
