package jobs

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/tokens"
)

// Create creates the task's Job. AlreadyExists is not an error: a request whose response was
// lost, or another leader, may have created the Job.
func (j *Jobs) Create(ctx context.Context, fence lease.Fence, t *Task) (Result, error) {
	write, done, err := fence(ctx)
	if err != nil {
		return Result{}, err
	}
	defer done()
	p := j.Plan
	p.Settings.CallbackName = j.Host.Current(write, p.Settings.CallbackName)
	job, err := jobspec.Render(p, t.Index, jobspec.Options{
		Controller: j.Controller, Namespace: j.Namespace, Owner: j.Owner, Extensions: j.Extensions,
	})
	if err != nil {
		return j.rejected(ctx, t, plan.Invalid, err)
	}
	if err := j.Tokens.Ensure(write, p, j.Owner, t.Index); err != nil {
		if errors.Is(err, tokens.ErrNoKeyring) || plan.ClassifyError(err) != plan.Transient {
			// An invalid Secret is not the fault of the pod template: the task is tried again.
			return j.rejected(ctx, t, plan.Rejected, err)
		}
		return Result{}, err
	}
	_, err = j.Client.BatchV1().Jobs(j.Namespace).Create(write, job, metav1.CreateOptions{})
	switch {
	case err == nil:
		t.memory.rejected = time.Time{}
		return Result{Created: true}, nil
	case apierrors.IsAlreadyExists(err):
		return j.Verify(ctx, t, execution.End{})
	}
	j.Metrics.JobCreateFailed(statusCode(err))
	var until time.Time
	if kube.MayBeCarriedOut(err) {
		t.memory.unanswered = j.Clock.Now()
		until = t.memory.unanswered.Add(kube.RequestGrace)
	}
	result, err := j.rejected(ctx, t, plan.ClassifyError(err), fmt.Errorf("create Job %s: %w", t.Name, err))
	result.Until = until
	return result, err
}

func statusCode(err error) string {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return strconv.Itoa(int(status.Status().Code))
	}
	return "none" // there was no response
}
