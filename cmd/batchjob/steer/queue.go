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
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/ending"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/resources"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// turn is the wait until no execution of a definition is open: the controller would reject
// another one beside it, or stop the open one.
type turn struct {
	*session
	definition string
	printer    *cli.DedupPrinter
	blockedBy  string // the execution that is open, or waits to be; empty: none is known
}

// awaitTurn waits until no execution of a definition is open.
func (s *session) awaitTurn(ctx context.Context, definition string, timeout time.Duration) error {
	t := turn{session: s, definition: definition, printer: cli.NewDedupPrinter(s.ErrOut)}
	err := cli.Until(ctx, timeout, t.printer, t.poll)
	var status *cli.StatusError
	switch {
	case errors.Is(err, context.Canceled):
		return &cli.StatusError{Status: cli.ExitNotDone, Err: errors.New("interrupted: no execution was created")}
	case errors.As(err, &status) && status.Status == cli.ExitTimeout:
		return &cli.StatusError{Status: cli.ExitTimeout, Err: fmt.Errorf("%w: no execution was created, because execution %s is not over", status.Err, t.blockedBy)}
	default:
		return err
	}
}

// poll looks at the execution that was open before, and lists all only when that is over: a
// list may have megabytes.
func (t *turn) poll(ctx context.Context) (done bool, err error) {
	if t.blockedBy != "" {
		e, err := t.API.Executions(t.Namespace).Get(ctx, t.blockedBy, metav1.GetOptions{})
		switch {
		case err == nil && !progress.Over(e):
			t.printer.Print(fmt.Sprintf("waiting for execution %s: %s", e.Name, progress.StatusText(e)))
			return false, nil
		case err != nil && !apierrors.IsNotFound(err):
			return false, t.fail(err, resources.Request{Verb: "get", Resource: resources.Executions, Namespace: t.Namespace, Name: t.blockedBy})
		}
	}
	t.blockedBy = ""
	all, err := t.API.Executions(t.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return false, t.fail(err, resources.Request{Verb: "list", Resource: resources.Executions, Namespace: t.Namespace})
	}
	for i := range all.Items {
		if e := &all.Items[i]; e.Spec.NodeCronJobName == t.definition && !progress.Over(e) {
			t.blockedBy = e.Name
			t.printer.Print(fmt.Sprintf("waiting for execution %s: %s", e.Name, progress.StatusText(e)))
			return false, nil
		}
	}
	return true, nil
}

// fail ends the wait if the user lacks a permission. Other errors may pass.
func (t *turn) fail(err error, r resources.Request) error {
	if apierrors.IsForbidden(err) {
		return &cli.StatusError{Status: cli.ExitNotDone, Err: fmt.Errorf("--queue: %w", resources.Explain(err, r))}
	}
	return err
}

// awaitOpening waits until an execution opens or is rejected, and returns it.
func (s *session) awaitOpening(ctx context.Context, e *v1alpha1.Execution, timeout time.Duration) (*v1alpha1.Execution, error) {
	printer := cli.NewDedupPrinter(s.ErrOut)
	err := cli.Until(ctx, timeout, printer, func(ctx context.Context) (bool, error) {
		seen, err := s.created(ctx, e)
		if err != nil {
			return false, err
		}
		e = seen
		if progress.PhaseOf(e) == v1alpha1.Queued {
			printer.Print(fmt.Sprintf("execution %s: %s", e.Name, progress.StatusText(e)))
			return false, nil
		}
		return true, nil
	})
	if err != nil {
		return nil, s.explainWait(err, e)
	}
	return e, nil
}

// isForbidden reports whether an execution was rejected because another one was open.
func isForbidden(e *v1alpha1.Execution) bool {
	c := meta.FindStatusCondition(e.Status.Conditions, v1alpha1.ConditionRejected)
	return e.Status.Phase == v1alpha1.Rejected && c != nil && c.Reason == v1alpha1.ReasonConcurrencyForbidden
}

// Between two attempts to open an execution before others do. What keeps it from opening may
// be no execution that there is, but pods of one that was deleted.
const (
	firstRetry = 5 * time.Second
	lastRetry  = time.Minute
)

// createInTurn creates an execution when no other is open, and again if another one came
// first.
func (b *beginning) createInTurn(ctx context.Context, s *session, e *v1alpha1.Execution, end time.Time) (*v1alpha1.Execution, error) {
	for retry := firstRetry; ; retry = min(2*retry, lastRetry) {
		if err := s.awaitTurn(ctx, e.Spec.NodeCronJobName, time.Until(end)); err != nil {
			return nil, err
		}
		created, err := b.create(ctx, s, e.DeepCopy(), end)
		if err != nil {
			return nil, err
		}
		if created, err = s.awaitOpening(ctx, created, time.Until(end)); err != nil {
			return nil, err
		}
		if !isForbidden(created) {
			if created.Status.Phase == v1alpha1.Rejected {
				return nil, ending.Status(created)
			}
			return created, nil
		}
		fmt.Fprintf(s.ErrOut, "execution %s was rejected, because another one came first: the next attempt is in %s\n", created.Name, retry)
		select {
		case <-time.After(min(retry, time.Until(end))):
		case <-ctx.Done():
		}
	}
}
