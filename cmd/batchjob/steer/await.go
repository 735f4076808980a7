package steer

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// await waits until an execution closes, and shows its progress. The end of the command
// does not end the execution.
func (s *session) await(ctx context.Context, out *output, e *v1alpha1.Execution, timeout time.Duration) error {
	progress := cli.NewDedupPrinter(s.ErrOut)
	err := cli.Until(ctx, timeout, progress, func(ctx context.Context) (bool, error) {
		seen, err := s.api.Executions(s.namespace).Get(ctx, e.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) || (err == nil && seen.UID != e.UID) {
			return false, &cli.StatusError{Status: cli.ExitNotDone, Err: fmt.Errorf("execution %s was deleted", e.Name)}
		}
		if apierrors.IsForbidden(err) {
			return false, &cli.StatusError{Status: cli.ExitNotDone, Err: fmt.Errorf("execution %s was created, but cannot be waited for: %w",
				e.Name, explain(err, request{"get", executions, s.namespace, e.Name}))}
		}
		if err != nil {
			return false, err
		}
		e = seen
		if !over(e) {
			progress.Print(fmt.Sprintf("execution %s: %s", e.Name, progressOf(e)))
		}
		return over(e), nil
	})
	if err != nil {
		return s.explainWait(err, e)
	}
	if e.Status.Phase == v1alpha1.Closed {
		fmt.Fprintf(out.beside(s.Tool), "execution %s closed: %s\n", e.Name, outcomeOf(countsOf(e)))
	}
	return statusOf(e)
}

// explainWait says that the execution continues, and how to end it.
func (s *session) explainWait(err error, e *v1alpha1.Execution) error {
	var status *cli.StatusError
	switch {
	case errors.Is(err, context.Canceled):
		return &cli.StatusError{Status: cli.ExitNotDone, Err: fmt.Errorf("interrupted: execution %s continues; to end it: %s", e.Name, s.command("cancel", e.Name))}
	case errors.As(err, &status) && status.Status == cli.ExitTimeout:
		return &cli.StatusError{Status: cli.ExitTimeout, Err: fmt.Errorf("execution %s: %w: %s; it continues; to end it: %s",
			e.Name, status.Err, progressOf(e), s.command("cancel", e.Name))}
	default:
		return err
	}
}

// statusOf returns the exit status for an execution that is over.
func statusOf(e *v1alpha1.Execution) error {
	if e.Status.Phase == v1alpha1.Rejected {
		err := fmt.Errorf("execution %s was rejected: %s", e.Name, rejectionOf(e))
		c := meta.FindStatusCondition(e.Status.Conditions, v1alpha1.ConditionRejected)
		if c != nil && (c.Reason == v1alpha1.ReasonConcurrencyForbidden || c.Reason == v1alpha1.ReasonReplaced) {
			return cli.Conflict(err)
		}
		return &cli.StatusError{Status: cli.ExitNotDone, Err: err}
	}
	if countsOf(e).Bad > 0 {
		return &cli.StatusError{Status: cli.ExitProblems}
	}
	return nil
}
