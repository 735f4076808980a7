package tokens

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// maxDeletions bounds the executions whose token Secrets one request deletes, because it
// names each of them.
const maxDeletions = 50

// Deleter deletes the token Secrets of closed executions. It is for one goroutine.
type Deleter struct {
	Options
	deleted map[string]bool // executions whose Secrets were deleted
}

// NewDeleter returns a deleter.
func NewDeleter(o Options) *Deleter { return &Deleter{Options: o, deleted: map[string]bool{}} }

// Delete deletes the token Secrets of closed executions, once and in one request: there
// may be thousands. No callback is accepted with their tokens. Secrets that the role does
// not allow to delete are deleted with their records.
func (d *Deleter) Delete(ctx context.Context, fence lease.Fence, closed []record.Head) error {
	if d.Keyring == nil {
		return nil // there are none, or the configuration was changed: then they go with their executions
	}
	var ids []string
	for _, head := range slices.Backward(closed) {
		if id := string(head.ID); !d.deleted[id] && len(ids) < maxDeletions {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	of, err := labels.NewRequirement(jobspec.ExecutionLabel, selection.In, ids)
	if err != nil {
		return fmt.Errorf("select token Secrets: %w", err)
	}
	write, done, err := fence(ctx)
	if err != nil {
		return err
	}
	defer done()
	err = d.Client.CoreV1().Secrets(d.Namespace).DeleteCollection(write, metav1.DeleteOptions{}, metav1.ListOptions{
		LabelSelector: jobspec.Selector(d.Controller, jobspec.TokenComponent).Add(*of).String(),
	})
	switch {
	case apierrors.IsForbidden(err): // the role is of an earlier version
		d.Log.Warn("token Secrets not deleted: they are deleted with the Executions", "executions", ids, "error", err)
	case err != nil:
		return fmt.Errorf("delete the token Secrets of %d executions: %w", len(ids), err)
	}
	for _, id := range ids {
		d.deleted[id] = true
	}
	return nil
}
