package run

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// verifyJob asks the API server, because the cache may lag behind, whether the task's Job
// exists and belongs to the execution. If neither the Job nor a pod of it exists, the task
// ends, unless end is empty.
func (e *Execution) verifyJob(ctx context.Context, t task, end execution.End) error {
	ctx, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
	defer cancel()
	job, err := e.Client.BatchV1().Jobs(e.Namespace).Get(ctx, t.name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err) && end.Outcome.State.Final():
		return e.finishUnlessOrphaned(ctx, t, end)
	case err != nil:
		return fmt.Errorf("read Job %s: %w", t.name, err)
	case !jobspec.Owned(job, t.owner, t.key):
		t.observed.Job, t.observed.Foreign = job, true
		return e.finishUnlessOrphaned(ctx, t, plan.ForeignEnd(job.Name, e.Steady.Now()))
	}
	e.noteCreated(t)
	e.tasks.AddAfter(t.key, timing.LongestSleep) // in case the cache never shows it
	return nil
}
