package intake

import (
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

func TestBudgetHasEveryLimitOfTheExecution(t *testing.T) {
	got := budgetLimits(execution.Intake{
		FilesPerTask: 1, BytesPerTask: 2, ResultsPerTask: 3, EventsPerTask: 4,
		EventBurst: 5, EventInterval: 6, EventsPerSecond: 7, BytesPerExecution: 8,
	})
	want := plan.BudgetLimits{
		Files: 1, Bytes: 2, Results: 3, Events: 4,
		EventBurst: 5, EventInterval: 6, EventsPerSecond: 7, ExecutionBytes: 8,
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
