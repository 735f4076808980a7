package jobspec

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"text/template"
	"text/template/parse"
)

// evaluate executes a Go text/template over templateData.
//
// The parser is the standard library's, the evaluation is ours: text/template
// calls methods by name, and a program that does has to keep every method of
// every type it knows. With the Kubernetes API types that doubles the size of
// the server. Pod templates know three strings and need no methods; a test
// compares this evaluation with the standard one.
func evaluate(w io.Writer, text string, data templateData) error {
	const name = "pod-template.yaml"
	trees, err := parse.Parse(name, text, "", "", functionNames())
	if err != nil {
		return err
	}
	root, ok := trees[name]
	if !ok || root.Root == nil {
		return fmt.Errorf("template: %s: is empty", name)
	}
	e := &evaluation{out: w, trees: trees}
	e.push("$", data)
	return e.where(root, e.list(data, root.Root))
}

// evaluation is one template being executed.
type evaluation struct {
	out       io.Writer
	trees     map[string]*parse.Tree
	variables []variable
	depth     int
	steps     int
	last      parse.Node // for the line of an error
}

type variable struct {
	name  string
	value any
}

// Loops end with one of these.
var (
	errBreak    = errors.New("break")
	errContinue = errors.New("continue")
)

// The bounds of templates that call themselves, loop, or build ever longer
// texts.
const (
	maxDepth = 1000
	maxSteps = 100_000
	maxText  = maxRendered
)

// where adds the place to an error.
func (e *evaluation) where(tree *parse.Tree, err error) error {
	if err == nil || e.last == nil {
		return err
	}
	location, context := tree.ErrorContext(e.last)
	return fmt.Errorf("template: %s: at <%s>: %w", location, context, err)
}

func (e *evaluation) push(name string, value any) {
	e.variables = append(e.variables, variable{name, value})
}

func (e *evaluation) pop(to int) { e.variables = e.variables[:to] }

func (e *evaluation) list(dot any, list *parse.ListNode) error {
	if list == nil {
		return nil
	}
	for _, node := range list.Nodes {
		if err := e.node(dot, node); err != nil {
			return err
		}
	}
	return nil
}

func (e *evaluation) node(dot any, node parse.Node) error {
	e.last = node
	if err := e.step(); err != nil {
		return err
	}
	if t, ok := e.out.(tracer); ok {
		t.from(node)
	}
	switch n := node.(type) {
	case *parse.TextNode:
		_, err := e.out.Write(n.Text)
		return err
	case *parse.ActionNode:
		return e.action(dot, n)
	case *parse.IfNode:
		return e.branch(dot, &n.BranchNode, false)
	case *parse.WithNode:
		return e.branch(dot, &n.BranchNode, true)
	case *parse.RangeNode:
		return e.loop(dot, n)
	case *parse.TemplateNode:
		return e.call(dot, n)
	case *parse.BreakNode:
		return errBreak
	case *parse.ContinueNode:
		return errContinue
	case *parse.CommentNode:
		return nil
	default:
		return fmt.Errorf("unexpected %s", node)
	}
}

func (e *evaluation) step() error {
	if e.steps++; e.steps > maxSteps {
		return fmt.Errorf("takes more than %d steps", maxSteps)
	}
	return nil
}

func (e *evaluation) action(dot any, n *parse.ActionNode) error {
	value, err := e.pipeline(dot, n.Pipe)
	if err != nil || len(n.Pipe.Decl) > 0 {
		return err
	}
	if value == nil {
		value = "<no value>"
	}
	_, err = fmt.Fprint(e.out, value)
	return err
}

func (e *evaluation) branch(dot any, n *parse.BranchNode, with bool) error {
	defer e.pop(len(e.variables))
	value, err := e.pipeline(dot, n.Pipe)
	if err != nil {
		return err
	}
	if !truth(value) {
		return e.list(dot, n.ElseList)
	}
	if with {
		dot = value
	}
	return e.list(dot, n.List)
}

// loop ranges over a number: there is nothing else in templateData to range
// over.
func (e *evaluation) loop(dot any, n *parse.RangeNode) error {
	defer e.pop(len(e.variables))
	value, err := e.pipeline(dot, n.Pipe)
	if err != nil {
		return err
	}
	count, ok := value.(int)
	if !ok {
		return fmt.Errorf("range can't iterate over %v", value)
	}
	if len(n.Pipe.Decl) > 1 {
		return fmt.Errorf("can't use %v to iterate over more than one variable", value)
	}
	if count <= 0 {
		return e.list(dot, n.ElseList)
	}
	for i := range count {
		err := e.iteration(n, i)
		if errors.Is(err, errBreak) {
			return nil
		}
		if err != nil && !errors.Is(err, errContinue) {
			return err
		}
	}
	return nil
}

func (e *evaluation) iteration(n *parse.RangeNode, i int) error {
	defer e.pop(len(e.variables))
	if err := e.step(); err != nil {
		return err
	}
	if err := e.declare(n.Pipe, i); err != nil {
		return err
	}
	return e.list(i, n.List)
}

func (e *evaluation) call(dot any, n *parse.TemplateNode) error {
	tree, ok := e.trees[n.Name]
	if !ok {
		return fmt.Errorf("template %q not defined", n.Name)
	}
	var value any
	if n.Pipe != nil {
		var err error
		if value, err = e.pipeline(dot, n.Pipe); err != nil {
			return err
		}
	}
	if e.depth++; e.depth > maxDepth {
		return fmt.Errorf("templates call each other more than %d deep", maxDepth)
	}
	outer := e.variables
	e.variables = []variable{{"$", value}}
	err := e.list(value, tree.Root)
	e.variables = outer
	e.depth--
	return err
}

// pipeline evaluates commands, each with the value of the one before as its
// last argument.
func (e *evaluation) pipeline(dot any, pipe *parse.PipeNode) (value any, err error) {
	var final []any
	for _, command := range pipe.Cmds {
		if value, err = e.command(dot, command, final); err != nil {
			return nil, err
		}
		final = []any{value}
	}
	return value, e.declare(pipe, value)
}

func (e *evaluation) declare(pipe *parse.PipeNode, value any) error {
	for _, v := range pipe.Decl {
		if !pipe.IsAssign {
			e.push(v.Ident[0], value)
			continue
		}
		i := e.find(v.Ident[0])
		if i < 0 {
			return fmt.Errorf("undefined variable: %s", v.Ident[0])
		}
		e.variables[i].value = value
	}
	return nil
}

// find returns the position of the innermost variable of a name, or -1.
func (e *evaluation) find(name string) int {
	for i, v := range slices.Backward(e.variables) {
		if v.name == name {
			return i
		}
	}
	return -1
}

func (e *evaluation) command(dot any, command *parse.CommandNode, final []any) (any, error) {
	first := command.Args[0]
	if name, ok := first.(*parse.IdentifierNode); ok {
		return e.function(dot, name.Ident, command.Args[1:], final)
	}
	if len(command.Args) > 1 || len(final) > 0 {
		return nil, fmt.Errorf("can't give argument to non-function %s", first)
	}
	if _, ok := first.(*parse.NilNode); ok {
		return nil, errors.New("nil is not a command")
	}
	return e.operand(dot, first)
}

func (e *evaluation) operand(dot any, node parse.Node) (any, error) {
	switch n := node.(type) {
	case *parse.DotNode:
		return dot, nil
	case *parse.FieldNode:
		return fields(dot, n.Ident)
	case *parse.VariableNode:
		return e.variable(n)
	case *parse.ChainNode:
		value, err := e.operand(dot, n.Node)
		if err != nil {
			return nil, err
		}
		return fields(value, n.Field)
	case *parse.PipeNode:
		return e.pipeline(dot, n)
	case *parse.IdentifierNode:
		return e.function(dot, n.Ident, nil, nil)
	case *parse.BoolNode:
		return n.True, nil
	case *parse.StringNode:
		return n.Text, nil
	case *parse.NumberNode:
		return number(n)
	default:
		return nil, fmt.Errorf("can't handle %s", node)
	}
}

func (e *evaluation) variable(n *parse.VariableNode) (any, error) {
	i := e.find(n.Ident[0])
	if i < 0 {
		return nil, fmt.Errorf("undefined variable: %s", n.Ident[0])
	}
	return fields(e.variables[i].value, n.Ident[1:])
}

func fields(value any, names []string) (any, error) {
	for _, name := range names {
		data, ok := value.(templateData)
		if !ok {
			return nil, fmt.Errorf("can't evaluate field %s in type %T", name, value)
		}
		if value, ok = data.field(name); !ok {
			return nil, fmt.Errorf("can't evaluate field %s: there are .Namespace, .ExecutionID and .NodeName", name)
		}
	}
	return value, nil
}

func truth(value any) bool {
	is, _ := template.IsTrue(value)
	return is
}
