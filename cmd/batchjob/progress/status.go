package progress

import (
	"cmp"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// PhaseOf returns the phase of an execution. One without a phase waits: the controller
// has not seen it yet.
func PhaseOf(e *v1alpha1.Execution) v1alpha1.ExecutionPhase {
	return cmp.Or(e.Status.Phase, v1alpha1.Queued)
}

// Over reports whether an execution has closed, or was rejected.
func Over(e *v1alpha1.Execution) bool {
	return e.Status.Phase == v1alpha1.Closed || e.Status.Phase == v1alpha1.Rejected
}

// CountsOf returns the counts of an execution, or none before it opens.
func CountsOf(e *v1alpha1.Execution) v1alpha1.NodeCounts {
	if e.Status.Counts == nil {
		return v1alpha1.NodeCounts{}
	}
	return *e.Status.Counts
}

// StatusText says how far an execution is, by its status.
func StatusText(e *v1alpha1.Execution) string {
	why := messageOf(e, v1alpha1.ConditionComplete)
	switch PhaseOf(e) {
	case v1alpha1.Queued:
		if why != "" {
			return "waits to be opened: " + why
		}
		return "waits to be opened"
	case v1alpha1.Rejected:
		return "was rejected: " + RejectionText(e)
	case v1alpha1.Closing:
		return CountsText(CountsOf(e)) + "; its report is being written"
	case v1alpha1.Open:
		switch {
		case e.Spec.Cancel != "":
			return CountsText(CountsOf(e)) + "; it is canceled"
		case e.Spec.Paused:
			return CountsText(CountsOf(e)) + "; it is paused"
		}
	}
	return CountsText(CountsOf(e))
}

// CountsText summarizes counts in a line. Skipped nodes are not among those that could
// succeed.
func CountsText(c v1alpha1.NodeCounts) string {
	return Execution{
		Nodes: int(c.Nodes - c.Skipped), Running: int(c.Running), Pending: int(c.Pending),
		Counts: execution.Counts{
			execution.Succeeded: int(c.OK), execution.Unreported: int(c.Unreported), execution.Failed: int(c.Failed),
			execution.Lost: int(c.Lost), execution.Skipped: int(c.Skipped), execution.Canceled: int(c.Canceled),
		},
	}.Line()
}

// RejectionText says why an execution never opened.
func RejectionText(e *v1alpha1.Execution) string {
	c := meta.FindStatusCondition(e.Status.Conditions, v1alpha1.ConditionRejected)
	if c == nil {
		return "for an unknown reason"
	}
	if c.Message == "" {
		return c.Reason
	}
	return c.Reason + ": " + c.Message
}

func messageOf(e *v1alpha1.Execution, condition string) string {
	if c := meta.FindStatusCondition(e.Status.Conditions, condition); c != nil {
		return c.Message
	}
	return ""
}

// InState returns how many node tasks are in a final state.
func InState(c v1alpha1.NodeCounts, state v1alpha1.FinalState) int32 {
	switch state {
	case v1alpha1.Succeeded:
		return c.OK
	case v1alpha1.Unreported:
		return c.Unreported
	case v1alpha1.Failed:
		return c.Failed
	case v1alpha1.Lost:
		return c.Lost
	case v1alpha1.Skipped:
		return c.Skipped
	case v1alpha1.Canceled:
		return c.Canceled
	default:
		return 0
	}
}

// NodesText is a number of nodes, such as 1 node.
func NodesText(n int) string {
	if n == 1 {
		return "1 node"
	}
	return fmt.Sprintf("%d nodes", n)
}
