package record

import (
	"errors"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

func TestEveryRecordSaysItsSchema(t *testing.T) {
	s := newStore(t)
	updated, err := s.Swap(t.Context(), create(t, s.Store, testPlan()), Next{Account: execution.Account{Phase: execution.Closing}})
	testkit.Must(t, err)
	if got := updated.Object.Status.Account.Schema; got != 1 {
		t.Errorf("schema: got %d, want 1", got)
	}
	s.edit(t, updated, func(e *v1alpha1.Execution) { e.Status.Account.Schema = 2 })
	var newer *NewerError
	if _, err := s.Refresh(t.Context(), updated); !errors.As(err, &newer) || !newer.Open {
		t.Errorf("refreshed: got %v, want a NewerError of an open execution", err)
	}
}
