package record

import (
	"errors"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
)

// DamagedError says that no version can read a record.
type DamagedError struct {
	Reference corev1.ObjectReference
	ID        execution.ID
	Open      bool // the record does not say that it is closed
	err       error

	object *corev1.ConfigMap // as read from the API server
}

func newDamagedError(object *corev1.ConfigMap, err error) *DamagedError {
	return &DamagedError{
		Reference: kube.ConfigMapReference(object),
		ID:        execution.ID(object.Labels[jobspec.ExecutionLabel]),
		Open:      execution.Phase(object.Data[phaseKey]) != execution.Closed,
		err:       err,

		object: object,
	}
}

// IsOf reports whether the damaged object is the record of an execution, by its remaining
// labels and keys. Without any, it counts as foreign.
func (e *DamagedError) IsOf(id execution.ID, firing execution.Firing) bool {
	if stored, err := unpackPlan(e.object.BinaryData[planKey]); err == nil {
		return firing.Equal(execution.Firing{Trigger: stored.Trigger, Scheduled: stored.Scheduled})
	}
	if at, err := time.Parse(time.RFC3339, e.object.Data[scheduledKey]); err == nil {
		return firing.Equal(execution.Firing{Trigger: execution.Trigger(e.object.Data[triggerKey]), Scheduled: at})
	}
	return e.ID == id
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
