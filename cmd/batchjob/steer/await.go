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
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/printing"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/resources"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// await waits until an execution closes, and shows its progress. The end of the command
// does not end the execution.
func (s *session) await(ctx context.Context, out *printing.Output, e *v1alpha1.Execution, timeout time.Duration) error {
	printer := cli.NewDedupPrinter(s.ErrOut)
	err := cli.Until(ctx, timeout, printer, func(ctx context.Context) (bool, error) {
		seen, err := s.API.Executions(s.Namespace).Get(ctx, e.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) || (err == nil && seen.UID != e.UID) {
			return false, &cli.StatusError{Status: cli.ExitNotDone, Err: fmt.Errorf("execution %s was deleted", e.Name)}
		}
		if apierrors.IsForbidden(err) {
			return false, &cli.StatusError{Status: cli.ExitNotDone, Err: fmt.Errorf("execution %s was created, but cannot be waited for: %w",
				e.Name, resources.Explain(err, resources.Request{Verb: "get", Resource: resources.Executions, Namespace: s.Namespace, Name: e.Name}))}
		}
		if err != nil {
			return false, err
		}
		e = seen
		if !progress.Over(e) {
			printer.Print(fmt.Sprintf("execution %s: %s", e.Name, progress.StatusText(e)))
		}
		return progress.Over(e), nil
	})
	if err != nil {
		return s.explainWait(err, e)
	}
	if e.Status.Phase == v1alpha1.Closed {
		fmt.Fprintf(out.Beside(s.IOStreams), "execution %s closed: %s\n", e.Name, progress.CountsText(progress.CountsOf(e)))
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
			e.Name, status.Err, progress.StatusText(e), s.command("cancel", e.Name))}
	default:
		return err
	}
}

// statusOf returns the exit status for an execution that is over.
func statusOf(e *v1alpha1.Execution) error {
	if e.Status.Phase == v1alpha1.Rejected {
		err := fmt.Errorf("execution %s was rejected: %s", e.Name, progress.RejectionText(e))
		c := meta.FindStatusCondition(e.Status.Conditions, v1alpha1.ConditionRejected)
		if c != nil && (c.Reason == v1alpha1.ReasonConcurrencyForbidden || c.Reason == v1alpha1.ReasonReplaced) {
			return cli.Conflict(err)
		}
		return &cli.StatusError{Status: cli.ExitNotDone, Err: err}
	}
	if progress.CountsOf(e).Bad > 0 {
		return &cli.StatusError{Status: cli.ExitProblems}
	}
	return nil
}
