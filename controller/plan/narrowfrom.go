package plan

import (
	"slices"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Source is an execution on whose nodes another one is to run, as far as it was found.
type Source struct {
	Name       string // of the Execution
	Exists     bool
	Definition string // the name of its NodeCronJob
	Rejected   bool
	Closed     bool
	// Verdicts is how the task of each node ended, also of those that were skipped when the
	// execution opened; nil: neither its record nor its report can be read.
	Verdicts map[string]execution.State
}

// Nodes returns the nodes of an earlier execution of a definition whose tasks ended in one
// of the states. The error is a *RejectError.
func (s Source) Nodes(definition string, states []execution.State) (*FromExecution, error) {
	switch {
	case !s.Exists:
		return nil, reject(RejectExecutionNotFound, "there is no Execution %s", s.Name)
	case s.Definition != definition:
		return nil, reject(RejectOtherNodeCronJob, "execution %s is of NodeCronJob %s, not of %s", s.Name, s.Definition, definition)
	case s.Rejected:
		return nil, reject(RejectExecutionNotClosed, "execution %s was rejected: it ran on no node", s.Name)
	case !s.Closed:
		return nil, reject(RejectExecutionNotClosed, "execution %s has not closed: only then is it known how its nodes ended", s.Name)
	case s.Verdicts == nil:
		return nil, reject(RejectExecutionNotFound, "execution %s has closed, but its plan cannot be read any more, and its report is gone", s.Name)
	}
	from := FromExecution{Name: s.Name, States: states}
	for node, verdict := range s.Verdicts {
		if slices.Contains(states, verdict) {
			from.Nodes = append(from.Nodes, node)
		}
	}
	slices.Sort(from.Nodes)
	return &from, nil
}
