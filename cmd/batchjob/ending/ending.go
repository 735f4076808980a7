package ending

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/resources"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// maxNodes is how many bad nodes are listed.
const maxNodes = 20

// Text says how an execution has ended that is over, and lists its bad nodes. more is the
// command that lists all of them.
func Text(ctx context.Context, c *resources.Client, e *v1alpha1.Execution, more string) string {
	if e.Status.Phase == v1alpha1.Rejected {
		return fmt.Sprintf("execution %s was rejected: %s\n", e.Name, progress.RejectionText(e))
	}
	return fmt.Sprintf("execution %s closed: %s\n", e.Name, progress.CountsText(progress.CountsOf(e))) + Nodes(ctx, c, e, more)
}

// Nodes lists the bad nodes of an execution that has been opened. more is the command that
// lists all of them.
func Nodes(ctx context.Context, c *resources.Client, e *v1alpha1.Execution, more string) string {
	if progress.CountsOf(e).Bad == 0 {
		return ""
	}
	r, err := c.Record(ctx, e)
	if err != nil {
		return fmt.Sprintf("Which nodes are bad is not known: %v\n", err)
	}
	nodes := progress.NodesIn(r, []v1alpha1.FinalState{v1alpha1.Failed, v1alpha1.Lost, v1alpha1.Unreported})
	text := NodesTable(nodes[:min(len(nodes), maxNodes)])
	if n := len(nodes) - maxNodes; n > 0 {
		text += fmt.Sprintf("and %d more: %s\n", n, more)
	}
	return text
}

// NodesTable lists nodes with the states and reasons of their tasks.
func NodesTable(nodes []progress.Node) string {
	return cli.Table("NODE\tSTATE\tREASON", func(row func(...any)) {
		for _, n := range nodes {
			row(n.Name, n.State, n.Reason)
		}
	})
}

// Status returns the exit status for an execution: that of a conflict if another execution
// kept it from opening. A canceled one is no success, even if no node is bad.
func Status(e *v1alpha1.Execution) error {
	counts := progress.CountsOf(e)
	switch {
	case e.Status.Phase == v1alpha1.Rejected:
		return &cli.StatusError{Status: statusOfRejected(e), Err: fmt.Errorf("execution %s was rejected: %s", e.Name, progress.RejectionText(e))}
	case counts.Bad > 0:
		return &cli.StatusError{Status: cli.ExitProblems}
	case e.Status.Phase == v1alpha1.Closed && counts.Canceled > 0:
		return &cli.StatusError{Status: cli.ExitCanceled}
	default:
		return nil
	}
}

func statusOfRejected(e *v1alpha1.Execution) int {
	c := meta.FindStatusCondition(e.Status.Conditions, v1alpha1.ConditionRejected)
	if c == nil {
		return cli.ExitNotDone
	}
	switch c.Reason {
	case v1alpha1.ReasonConcurrencyForbidden, v1alpha1.ReasonReplaced:
		return cli.ExitConflict
	case v1alpha1.ReasonCanceled:
		return cli.ExitCanceled
	default:
		return cli.ExitNotDone
	}
}
