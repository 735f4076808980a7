package choice

import (
	"context"
	"fmt"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/ending"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/resources"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// maxNamedNodes is how many nodes are named, unless the user wants to see all.
const maxNamedNodes = 20

// Nodes is the nodes of an execution that some states choose.
type Nodes struct {
	Total   int
	states  []v1alpha1.FinalState
	counts  map[v1alpha1.FinalState]int
	nodes   []progress.Node // in the order of the states
	unknown error           // why only their number is known
}

// Of returns the nodes of an execution in some states: by its record, else only how many they
// are, by its status.
func Of(ctx context.Context, client *resources.Client, e *v1alpha1.Execution, states []v1alpha1.FinalState) Nodes {
	c := Nodes{states: states, counts: map[v1alpha1.FinalState]int{}}
	for _, state := range states {
		c.counts[state] = int(progress.InState(progress.CountsOf(e), state))
		c.Total += c.counts[state]
	}
	if c.Total == 0 {
		return c
	}
	r, err := client.Record(ctx, e)
	if err != nil {
		c.unknown = err
		return c
	}
	c.nodes, c.Total = progress.NodesIn(r, states), 0
	for _, state := range states {
		c.counts[state] = len(c.in(state))
		c.Total += c.counts[state]
	}
	return c
}

// in returns the names of the nodes in a state.
func (c Nodes) in(state v1alpha1.FinalState) (names []string) {
	for _, n := range c.nodes {
		if strings.EqualFold(string(n.State), string(state)) {
			names = append(names, n.Name)
		}
	}
	return names
}

// Text says which nodes would run again, all of them if it is wide.
func (c Nodes) Text(from *v1alpha1.Execution, wide bool) string {
	if c.Total == 0 {
		return fmt.Sprintf("No node of execution %s is %s: there is nothing to run again.\n", from.Name, strings.ToLower(cli.JoinOr(namesOf(c.states))))
	}
	var text strings.Builder
	fmt.Fprintf(&text, "Execution %s of nodecronjob %s had %s. To run again:\n",
		from.Name, from.Spec.NodeCronJobName, progress.NodesText(int(progress.CountsOf(from).Nodes)))
	most, omits := c.mostNames(), false
	for _, state := range c.states {
		if c.counts[state] == 0 {
			continue
		}
		fmt.Fprintf(&text, "  %d %s", c.counts[state], strings.ToLower(string(state)))
		if names := c.in(state); len(names) > 0 && !wide {
			text.WriteString(": " + cli.JoinFirst(names, most))
			omits = omits || len(names) > most
		}
		text.WriteString("\n")
	}
	switch {
	case c.unknown != nil:
		fmt.Fprintf(&text, "Which nodes these are is not known: %v\n", c.unknown)
	case wide:
		text.WriteString(ending.NodesTable(c.nodes))
	case omits:
		text.WriteString("To see all of them, with the reasons: -o wide\n")
	}
	return text.String()
}

// mostNames is how many nodes of a state are named, so that each state has some.
func (c Nodes) mostNames() int {
	states := 0
	for _, n := range c.counts {
		if n > 0 {
			states++
		}
	}
	return maxNamedNodes / max(states, 1)
}
