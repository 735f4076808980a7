package record

import (
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/record/account"
)

// parse reads the status of an execution that has been opened.
func parse(e *v1alpha1.Execution, plan execution.Plan) (Record, error) {
	if err := checkOpened(e); err != nil {
		return Record{}, err
	}
	if id := execution.ID(e.Status.ExecutionID); plan.ID != id {
		return Record{}, fmt.Errorf("the plan is of execution %q, but status.executionID is %q", plan.ID, id)
	}
	a, err := account.Parse(e.Status, len(plan.Nodes))
	if err != nil {
		return Record{}, err
	}
	return Record{Plan: plan, Account: a, Object: e}, nil
}

// checkOpened checks the part of the status that does not need the plan.
func checkOpened(e *v1alpha1.Execution) error {
	var errs []error
	switch phase := e.Status.Phase; phase {
	case v1alpha1.Open, v1alpha1.Closing, v1alpha1.Closed:
	default:
		errs = append(errs, fmt.Errorf("status.phase: %.32q: must be Open, Closing or Closed", phase))
	}
	if _, err := execution.ParseID(string(e.Status.ExecutionID)); err != nil {
		errs = append(errs, fmt.Errorf("status.executionID: %w", err))
	}
	if e.Status.Plan == nil {
		errs = append(errs, errors.New("status.plan: is missing"))
	}
	if e.Status.Account == nil {
		errs = append(errs, errors.New("status.account: is missing"))
	}
	return errors.Join(errs...)
}

func samePlan(a, b *v1alpha1.Execution) bool {
	return a.Status.Plan != nil && equality.Semantic.DeepEqual(a.Status.Plan, b.Status.Plan)
}

// readable returns what read returns, with a NewerError or a DamagedError if the Execution
// cannot be read.
func readable(e *v1alpha1.Execution, read func() (Record, error)) (Record, error) {
	schema, err := schemaOf(e)
	if err == nil && schema > account.Schema {
		return Record{}, newNewerError(e, schema)
	}
	var r Record
	if err == nil {
		r, err = read()
	}
	if err != nil {
		return Record{}, newDamagedError(e, fmt.Errorf("execution record %s: %w", e.Name, err))
	}
	return r, nil
}
