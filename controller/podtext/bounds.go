package podtext

import (
	"fmt"
	"io"
	"text/template/parse"
)

// The bounds of a template's execution. They are counted and not timed, so that all
// replicas accept the same templates.
const (
	maxSteps = 200_000
	// A call costs more, because nested calls take memory.
	stepsPerCall = 100
	// sourcePerStep and textPerStep are the bytes of an action's arguments, and
	// of the texts that functions make, that cost one step.
	sourcePerStep = 4
	textPerStep   = 64
	// maxText is the longest text that a function may return.
	maxText = maxRendered
	// maxMade bounds the text that a function may allocate before its length is known.
	maxMade = 16 << 20
)

// limitError says that a template exceeds a bound.
type limitError string

func (e limitError) Error() string { return string(e) }

// boundedExecution bounds text/template, which bounds neither time nor memory. A writer
// that fails stops only a template that writes: a loop over a number may write nothing,
// the number of calls may double at each level, and a text at each action. Therefore
// watch adds an action that calls step before each node of the parse tree, as
// html/template adds its escapers.
type boundedExecution struct {
	out    io.Writer
	places []place
	at     place
	steps  int
}

// place is a node of the parse tree, and how many steps its execution costs.
type place struct {
	node parse.Node
	cost int
}

const stepFunction = "step"

// begin is before an execution.
func (b *boundedExecution) begin(out io.Writer) { b.out, b.at, b.steps = out, place{}, 0 }

// watch puts a step before each node of a list, and of the lists in it.
func (b *boundedExecution) watch(list *parse.ListNode) {
	if list == nil {
		return
	}
	watched := make([]parse.Node, 0, 2*len(list.Nodes))
	for _, node := range list.Nodes {
		here := place{node: node, cost: 1}
		switch n := node.(type) {
		case *parse.ActionNode:
			here = placeOf(n.Pipe)
		case *parse.IfNode:
			here = b.watchBranch(&n.BranchNode)
		case *parse.WithNode:
			here = b.watchBranch(&n.BranchNode)
		case *parse.RangeNode:
			here = b.watchBranch(&n.BranchNode)
			// An iteration of an empty loop counts too.
			n.List.Nodes = append([]parse.Node{b.stepAt(place{node: n.Pipe, cost: 1})}, n.List.Nodes...)
		case *parse.TemplateNode:
			here.cost = stepsPerCall
			if n.Pipe != nil {
				here.cost += placeOf(n.Pipe).cost
			}
		}
		watched = append(watched, b.stepAt(here), node)
	}
	list.Nodes = watched
}

func (b *boundedExecution) watchBranch(n *parse.BranchNode) place {
	b.watch(n.List)
	b.watch(n.ElseList)
	return placeOf(n.Pipe)
}

func placeOf(pipe *parse.PipeNode) place {
	return place{node: pipe, cost: 1 + len(pipe.String())/sourcePerStep}
}

// stepAt returns the action {{ step i }}, which prints nothing.
func (b *boundedExecution) stepAt(p place) parse.Node {
	pos := p.node.Position()
	index := &parse.NumberNode{NodeType: parse.NodeNumber, Pos: pos, IsInt: true, Int64: int64(len(b.places))}
	b.places = append(b.places, p)
	call := &parse.CommandNode{NodeType: parse.NodeCommand, Pos: pos, Args: []parse.Node{parse.NewIdentifier(stepFunction).SetPos(pos), index}}
	return &parse.ActionNode{NodeType: parse.NodeAction, Pos: pos, Pipe: &parse.PipeNode{NodeType: parse.NodePipe, Pos: pos, Cmds: []*parse.CommandNode{call}}}
}

func (b *boundedExecution) step(i int) (nothing string, err error) {
	b.at = b.places[i]
	if t, ok := b.out.(tracer); ok {
		t.from(b.at.node)
	}
	return "", b.spend(b.at.cost)
}

func (b *boundedExecution) spend(steps int) error {
	if b.steps += steps; b.steps > maxSteps {
		return limitError(fmt.Sprintf("takes more than %d steps", maxSteps))
	}
	return nil
}
