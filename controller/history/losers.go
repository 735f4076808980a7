package history

import (
	"context"
	"errors"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

const (
	// maxSwept bounds the executions whose losers one request deletes, because it names each
	// of them.
	maxSwept = 50
	// keptRejected is how many of the newest rejected executions are kept.
	keptRejected = 10
)

// deleteLosers deletes the parts of plans with which attempts to open an execution lost,
// once in a term and in one request, after the execution has closed. Those that come later
// are deleted with the execution.
func (h *History) deleteLosers(ctx context.Context, fence lease.Fence, closed []record.Head) error {
	var heads []record.Head
	for _, head := range slices.Backward(closed) {
		if !h.swept[head.ID] && len(heads) < maxSwept {
			heads = append(heads, head)
		}
	}
	if len(heads) == 0 {
		return nil
	}
	write, done, err := fence(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := h.Records.DeleteLosers(write, heads); err != nil {
		return err
	}
	for _, head := range heads {
		h.swept[head.ID] = true
	}
	return nil
}

// DropRejected deletes the oldest of some executions that were rejected, which are sorted by
// their age. They have neither a report nor Jobs.
func DropRejected(ctx context.Context, fence lease.Fence, records record.Store, rejected []*v1alpha1.Execution) error {
	var errs []error
	for _, e := range rejected[:max(len(rejected)-keptRejected, 0)] {
		errs = append(errs, deleteRejected(ctx, fence, records, e))
	}
	return errors.Join(errs...)
}

func deleteRejected(ctx context.Context, fence lease.Fence, records record.Store, e *v1alpha1.Execution) error {
	write, done, err := fence(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := records.Delete(write, e); err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	return nil
}
