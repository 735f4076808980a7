package run

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/tokens"
)

// createJob creates the task's Job. AlreadyExists is not an error: a request whose
// response was lost, or another leader, may have created the Job.
func (e *Execution) createJob(ctx context.Context, fence lease.Fence, t task) error {
	write, done, err := fence(ctx)
	if err != nil {
		return err
	}
	defer done()
	p := t.plan
	p.Settings.CallbackName = e.Host.Current(write, p.Settings.CallbackName)
	job, err := jobspec.Render(p, t.index, jobspec.Options{
		Controller: e.Controller, Namespace: e.Namespace, Owner: t.owner, Extensions: e.extensions,
	})
	if err != nil {
		return e.rejected(ctx, t, plan.Invalid, err)
	}
	if err := e.Tokens.Ensure(write, p, t.owner, t.index); err != nil {
		if errors.Is(err, tokens.ErrNoKeyring) || plan.ClassifyError(err) != plan.Transient {
			// An invalid Secret is not the fault of the pod template: the task is tried again.
			return e.rejected(ctx, t, plan.Rejected, err)
		}
		return err
	}
	_, err = e.Client.BatchV1().Jobs(e.Namespace).Create(write, job, metav1.CreateOptions{})
	switch {
	case err == nil:
		e.noteCreated(t)
		return nil
	case apierrors.IsAlreadyExists(err):
		return e.verifyJob(ctx, t, execution.End{})
	}
	e.Metrics.JobCreateFailed(statusCode(err))
	if kube.MayBeCarriedOut(err) {
		t.memory.unanswered = e.Clock.Now()
	}
	return e.rejected(ctx, t, plan.ClassifyError(err), fmt.Errorf("create Job %s: %w", t.name, err))
}

func statusCode(err error) string {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return strconv.Itoa(int(status.Status().Code))
	}
	return "none" // there was no response
}
