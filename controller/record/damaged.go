package record

import (
	"errors"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// DamagedError says that no version can read an Execution that was opened, or its plan.
type DamagedError struct {
	Reference corev1.ObjectReference
	ID        execution.ID
	Open      bool // the Execution does not say that it is closed
	Share     int  // its podShare, or execution.NoShare
	err       error
}

func newDamagedError(e *v1alpha1.Execution, err error) *DamagedError {
	return &DamagedError{
		Reference: kube.ExecutionReference(e),
		ID:        execution.ID(e.Status.ExecutionID),
		Open:      e.Status.Phase != v1alpha1.Closed,
		Share:     ShareOf(e),
		err:       err,
	}
}

func (e *DamagedError) Error() string { return e.err.Error() }

// Unwrap returns the problem of the record.
func (e *DamagedError) Unwrap() error { return e.err }

// Damage returns an error about all damaged records, or nil.
func (l Listing) Damage() error {
	errs := make([]error, 0, len(l.Damaged))
	for _, e := range l.Damaged {
		errs = append(errs, e)
	}
	return errors.Join(errs...)
}

// IsDamaged reports whether an execution's record cannot be read.
func (l Listing) IsDamaged(id execution.ID) bool {
	return slices.ContainsFunc(l.Damaged, func(e *DamagedError) bool { return e.ID == id })
}
