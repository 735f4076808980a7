package history

import (
	"context"
	"errors"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// deleteJobs deletes the Jobs of closed executions, each by its UID and only if the record
// owns it.
func (h *History) deleteJobs(ctx context.Context, fence lease.Fence, ids []execution.ID, closed map[execution.ID]record.Head) error {
	if len(ids) == 0 {
		return nil
	}
	selected := map[execution.ID]bool{}
	for _, id := range ids {
		selected[id] = true
	}
	var errs []error
	for _, job := range h.Jobs.JobsOf(selected) {
		key, _ := jobspec.KeyOf(job)
		head, ok := closed[key.Execution]
		if !ok || !jobspec.Owned(job, head.Owner(), key) || job.DeletionTimestamp != nil {
			continue
		}
		errs = append(errs, h.deleteJob(ctx, fence, job))
	}
	return errors.Join(errs...)
}

func (h *History) deleteJob(ctx context.Context, fence lease.Fence, job *batchv1.Job) error {
	write, done, err := fence(ctx)
	if err != nil {
		return err
	}
	defer done()
	background := metav1.DeletePropagationBackground
	err = h.Client.BatchV1().Jobs(job.Namespace).Delete(write, job.Name, metav1.DeleteOptions{
		Preconditions:     &metav1.Preconditions{UID: &job.UID},
		PropagationPolicy: &background, // the default keeps the pods
	})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete Job %s: %w", job.Name, err)
	}
	return nil
}
