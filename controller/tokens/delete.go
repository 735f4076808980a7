package tokens

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// maxDeletions is of how many executions the token Secrets are deleted in one
// request: it names them all.
const maxDeletions = 50

// Deleter deletes the token Secrets of closed executions. It is for one goroutine.
type Deleter struct {
	Options
	gone map[string]bool // the executions whose Secrets it has deleted
}

// NewDeleter returns a deleter, which has deleted nothing yet.
func NewDeleter(o Options) *Deleter { return &Deleter{Options: o, gone: map[string]bool{}} }

// Delete deletes the token Secrets of the executions that are closed, if it has not
// yet, in one request: there may be thousands of them. They are worth nothing any more;
// what cannot be deleted goes with the record.
func (d *Deleter) Delete(ctx context.Context, fence lease.Fence, records []record.Record) error {
	var ids []string
	for _, r := range slices.Backward(records) {
		id := string(r.Plan.ID)
		if r.Account.Phase == execution.Closed && count(r.Plan) > 0 && !d.gone[id] && len(ids) < maxDeletions {
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
	case apierrors.IsForbidden(err): // by a role of before
		d.Log.Warn("token Secrets not deleted: they go with the execution records", "executions", ids, "error", err)
	case err != nil:
		return fmt.Errorf("delete the token Secrets of %d executions: %w", len(ids), err)
	}
	for _, id := range ids {
		d.gone[id] = true
	}
	return nil
}
