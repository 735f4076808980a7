package plan

import (
	"maps"
	"slices"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Source is an execution on whose nodes another one is to run, as far as it was found.
type Source struct {
	Name       string // of the Execution
	Exists     bool
	Definition string // the name of its NodeCronJob
	Closed     bool
	Report     *execution.Report // nil: it is gone, or cannot be read
}

// Nodes returns the nodes of an earlier execution of a definition whose tasks ended in one
// of the states. The error is a *RejectError.
func (s Source) Nodes(definition string, states map[execution.State]bool) (*FromExecution, error) {
	switch {
	case !s.Exists:
		return nil, reject(RejectExecutionNotFound, "there is no Execution %s", s.Name)
	case s.Definition != definition:
		return nil, reject(RejectOtherNodeCronJob, "execution %s is of NodeCronJob %s, not of %s", s.Name, s.Definition, definition)
	case !s.Closed:
		return nil, reject(RejectExecutionNotClosed, "execution %s has not closed: which nodes are bad is known then", s.Name)
	case s.Report == nil:
		return nil, reject(RejectExecutionNotFound, "execution %s has closed, but its report is gone", s.Name)
	default:
		return &FromExecution{Name: s.Name, Nodes: NodesFrom(*s.Report, states)}, nil
	}
}

// NodesFrom returns the nodes of a report whose tasks ended in one of the states, with
// their results taken into account, by name. Nodes that were skipped when the execution
// opened are in the report too.
func NodesFrom(r execution.Report, states map[execution.State]bool) []string {
	names := map[string]bool{}
	for _, t := range r.Tasks {
		if states[t.Verdict()] {
			names[t.Node] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
