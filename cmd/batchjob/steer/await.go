package steer

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/ending"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/printing"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/resources"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// The controller usually decides about an execution within a second.
const (
	decisionTimeout  = 3 * time.Second
	decisionInterval = 100 * time.Millisecond
)

// awaitDecision waits for a moment until the controller has opened an execution, has it wait
// or has rejected it, and returns it if it was rejected: what was wrong with the request is
// said to the person who made it. If that is not known in time, or cannot be read, the
// execution may still be rejected.
func (s *session) awaitDecision(ctx context.Context, e *v1alpha1.Execution) (rejected *v1alpha1.Execution) {
	ctx, cancel := context.WithTimeout(ctx, decisionTimeout)
	defer cancel()
	ticker := time.NewTicker(decisionInterval)
	defer ticker.Stop()
	for {
		seen, err := s.created(ctx, e)
		switch {
		case err != nil:
			return nil
		case seen.Status.Phase == v1alpha1.Rejected:
			return seen
		case seen.Status.Phase != "":
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// await waits until an execution closes, and shows its progress. The end of the command
// does not end the execution.
func (s *session) await(ctx context.Context, out *printing.Output, e *v1alpha1.Execution, timeout time.Duration) error {
	printer := cli.NewDedupPrinter(s.ErrOut)
	err := cli.Until(ctx, timeout, printer, func(ctx context.Context) (bool, error) {
		seen, err := s.created(ctx, e)
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
		fmt.Fprint(out.Beside(s.IOStreams), ending.Text(ctx, s.Client, e, s.command("status", e.Name)))
	}
	return ending.Status(e)
}

// created reads an execution that this command has created.
func (s *session) created(ctx context.Context, e *v1alpha1.Execution) (*v1alpha1.Execution, error) {
	seen, err := s.API.Executions(s.Namespace).Get(ctx, e.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err) || (err == nil && seen.UID != e.UID):
		return nil, &cli.StatusError{Status: cli.ExitNotDone, Err: fmt.Errorf("execution %s was deleted", e.Name)}
	case apierrors.IsForbidden(err):
		return nil, &cli.StatusError{Status: cli.ExitNotDone, Err: fmt.Errorf("execution %s was created, but cannot be waited for: %w",
			e.Name, resources.Explain(err, resources.Request{Verb: "get", Resource: resources.Executions, Namespace: s.Namespace, Name: e.Name}))}
	}
	return seen, err
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
