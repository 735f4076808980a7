package record

import (
	"fmt"
	"slices"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/record/account"
)

// schemaOf returns the schema version of an Execution.
func schemaOf(e *v1alpha1.Execution) (int, error) {
	if e.Status.Account == nil {
		return account.Schema, nil // it is missing, which says more
	}
	schema := int(e.Status.Account.Schema)
	if schema < 1 {
		return 0, fmt.Errorf("status.account.schema: %d: must be a number from 1", schema)
	}
	return schema, nil
}

// NewerError says that an Execution has a schema version that only a later version of the
// controller can read.
type NewerError struct {
	Name   string
	ID     execution.ID
	Schema int
	Open   bool // it is not closed, as far as this version can tell
}

func newNewerError(e *v1alpha1.Execution, schema int) *NewerError {
	return &NewerError{
		Name:   e.Name,
		ID:     execution.ID(e.Status.ExecutionID),
		Schema: schema,
		Open:   e.Status.Phase != v1alpha1.Closed,
	}
}

func (e *NewerError) Error() string {
	text := fmt.Sprintf("execution record %s: status.account.schema: %d: this version reads up to %d", e.Name, e.Schema, account.Schema)
	if e.Open {
		text += ", and the execution is open: let a later version close it," +
			" or delete the Execution " + e.Name + ", which deletes all of its Jobs"
	}
	return text
}

// IsNewer reports whether only a later version can read an execution's record.
func (l Listing) IsNewer(id execution.ID) bool {
	return slices.ContainsFunc(l.Newer, func(e *NewerError) bool { return e.ID == id })
}

// FirstOpen returns the first open execution that only a later version can read, or nil.
func (l Listing) FirstOpen() error {
	for _, e := range l.Newer {
		if e.Open {
			return e
		}
	}
	return nil
}
