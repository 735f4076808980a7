package record

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// DeleteLosers deletes the parts of other plans than those with which executions were
// opened, in one request. An execution that has been opened never has another plan.
func (s Store) DeleteLosers(ctx context.Context, opened []Head) error {
	var ids, hashes []string
	for _, head := range opened {
		ids = append(ids, string(head.ID))
		hashes = append(hashes, planHash(*head.Object.Status.Plan))
	}
	of, err := labels.NewRequirement(jobspec.ExecutionLabel, selection.In, ids)
	if err != nil {
		return fmt.Errorf("select plan parts: %w", err)
	}
	other, err := labels.NewRequirement(jobspec.PlanLabel, selection.NotIn, hashes)
	if err != nil {
		return fmt.Errorf("select plan parts: %w", err)
	}
	err = s.parts.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{
		LabelSelector: jobspec.Selector(s.controller, jobspec.PlanPartComponent).Add(*of, *other).String(),
	})
	if err != nil {
		return fmt.Errorf("delete the plan parts that %d executions do not use: %w", len(ids), err)
	}
	return nil
}
