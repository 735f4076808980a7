package controller

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
	"github.com/batch-job-controller/batch-job-controller/controller/run"
)

// maxTokenDeletions is of how many executions the token Secrets are deleted in one
// request: it names them all.
const maxTokenDeletions = 50

// deleteTokens deletes the token Secrets of the executions that are closed, if this
// leader has not, in one request: there may be thousands of them. They are worth
// nothing any more; what cannot be deleted goes with the record. Only what runs the
// prunes calls it.
func (m *Manager) deleteTokens(ctx context.Context, fence lease.Fence, records []record.Record) error {
	var ids []string
	for _, r := range slices.Backward(records) {
		id := string(r.Plan.ID)
		if r.Account.Phase == execution.Closed && run.TokenSecrets(r.Plan) > 0 && !m.tokensGone[id] && len(ids) < maxTokenDeletions {
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
	err = m.Client.CoreV1().Secrets(m.Namespace).DeleteCollection(write, metav1.DeleteOptions{}, metav1.ListOptions{
		LabelSelector: jobspec.Selector(m.Options.Config.Name, jobspec.TokenComponent).Add(*of).String(),
	})
	switch {
	case apierrors.IsForbidden(err): // by a role of before
		m.Log.Warn("token Secrets not deleted: they go with the execution records", "executions", ids, "error", err)
	case err != nil:
		return fmt.Errorf("delete the token Secrets of %d executions: %w", len(ids), err)
	}
	for _, id := range ids {
		m.tokensGone[id] = true
	}
	return nil
}
