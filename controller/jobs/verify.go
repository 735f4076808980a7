package jobs

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// Verify asks the API server, because the cache may lag behind, whether the task's Job
// exists and belongs to the execution. If neither the Job nor a pod of it exists, the task
// ends, unless end is empty.
func (j *Jobs) Verify(ctx context.Context, t *Task, end execution.End) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
	defer cancel()
	job, err := j.Client.BatchV1().Jobs(j.Namespace).Get(ctx, t.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err) && end.Outcome.State.Final():
		return j.endUnlessOrphaned(ctx, t, end)
	case err != nil:
		return Result{}, fmt.Errorf("read Job %s: %w", t.Name, err)
	case !jobspec.Owned(job, j.Owner, t.Key):
		t.Observed.Job, t.Observed.Foreign = job, true
		return j.endUnlessOrphaned(ctx, t, plan.ForeignEnd(job.Name, j.Steady.Now()))
	}
	t.memory.rejected = time.Time{}
	return Result{Created: true, Recheck: timing.LongestSleep}, nil // in case the cache never shows it
}
