package progress

import (
	"cmp"
	"slices"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// NodesIn returns the nodes of an execution whose tasks have ended in one of some states, in
// the order of the states, and by name.
func NodesIn(r record.Record, states []v1alpha1.FinalState) []Node {
	order := map[execution.State]int{}
	for n, state := range states {
		order[stateOf(state)] = n
	}
	var nodes []Node
	add := func(n Node) {
		if _, wanted := order[n.State]; wanted {
			nodes = append(nodes, n)
		}
	}
	for i, end := range r.Account.Ends() {
		if i < len(r.Plan.Nodes) {
			add(endedNode(r.Plan.Nodes[i].Name, end))
		}
	}
	for _, skip := range r.Plan.Skipped {
		add(skippedNode(skip))
	}
	slices.SortFunc(nodes, func(a, b Node) int {
		return cmp.Or(cmp.Compare(order[a.State], order[b.State]), cmp.Compare(a.Name, b.Name))
	})
	return nodes
}

// stateOf is a final state as the record has it.
func stateOf(state v1alpha1.FinalState) execution.State {
	return execution.State(strings.ToLower(string(state)))
}

func endedNode(name string, end execution.Outcome) Node {
	n := Node{name, end.State, plain(string(end.Reason))}
	if n.State == execution.Unreported {
		n.Reason = "succeeded without a result"
	}
	return n
}

func skippedNode(skip execution.Skip) Node {
	return Node{skip.Node, execution.Skipped, string(skip.Reason)}
}
