package account

import (
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Counts returns the nodes of an execution by the state of their tasks. The account does
// not have those that run: their number is given.
func Counts(plan execution.Plan, account execution.Account, running int) v1alpha1.NodeCounts {
	unreported := account.Unreported.Len()
	c := v1alpha1.NodeCounts{
		Nodes:      number(len(plan.Nodes) + len(plan.Skipped)),
		Unreported: number(unreported),
		Skipped:    number(len(plan.Skipped)),
	}
	open := len(plan.Nodes)
	for outcome, indexes := range account.Outcomes {
		ended := indexes.Len()
		open -= ended
		switch finalState(outcome.State) {
		case v1alpha1.Succeeded:
			c.OK += number(ended)
		case v1alpha1.Failed:
			c.Failed += number(ended)
		case v1alpha1.Lost:
			c.Lost += number(ended)
		case v1alpha1.Skipped:
			c.Skipped += number(ended)
		case v1alpha1.Canceled:
			c.Canceled += number(ended)
		case v1alpha1.Unreported: // no outcome of an account
		}
	}
	c.OK -= number(unreported)
	c.Bad = c.Failed + c.Lost + c.Unreported
	c.Running = number(min(running, open))
	c.Pending = number(open) - c.Running
	return c
}

// number returns a number of nodes, of which there are at most execution.MaxIndex.
func number(n int) int32 { return int32(max(0, min(n, 2*execution.MaxIndex))) }
