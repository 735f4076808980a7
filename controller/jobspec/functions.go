package jobspec

import (
	"errors"
	"fmt"
	"strings"
	"text/template"
	"text/template/parse"
)

// The functions of text/template, for the values that occur here: strings,
// numbers and truth values.
func functions() map[string]func(args []any) (any, error) {
	return map[string]func([]any) (any, error){
		"eq": equal,
		"ne": negated(equalOne),
		"lt": less,
		"le": func(a []any) (any, error) { return either(a, less, equalOne) },
		"gt": func(a []any) (any, error) { return exchanged(a, less) },
		"ge": func(a []any) (any, error) {
			return exchanged(a, func(b []any) (any, error) { return either(b, less, equalOne) })
		},
		"not":      not,
		"len":      length,
		"index":    index,
		"slice":    slice,
		"print":    func(a []any) (any, error) { return fmt.Sprint(a...), nil },
		"println":  func(a []any) (any, error) { return fmt.Sprintln(a...), nil },
		"printf":   printf,
		"html":     func(a []any) (any, error) { return template.HTMLEscaper(a...), nil },
		"js":       func(a []any) (any, error) { return template.JSEscaper(a...), nil },
		"urlquery": func(a []any) (any, error) { return template.URLQueryEscaper(a...), nil },
	}
}

// Those that do not evaluate all of their arguments.
const (
	andFunction = "and"
	orFunction  = "or"
)

func functionNames() map[string]any {
	names := map[string]any{andFunction: true, orFunction: true}
	for name := range functions() {
		names[name] = true
	}
	return names
}

func (e *evaluation) function(dot any, name string, nodes []parse.Node, final []any) (any, error) {
	if name == andFunction || name == orFunction {
		return e.untilTruth(dot, name == orFunction, nodes, final)
	}
	f, ok := functions()[name]
	if !ok {
		return nil, fmt.Errorf("function %q not defined", name)
	}
	args := make([]any, 0, len(nodes)+len(final))
	for _, node := range nodes {
		value, err := e.operand(dot, node)
		if err != nil {
			return nil, err
		}
		args = append(args, value)
	}
	value, err := f(append(args, final...))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if made, ok := value.(string); ok && len(made) > maxText {
		return nil, fmt.Errorf("%s: makes a text of more than %d bytes", name, maxText)
	}
	return value, nil
}

// untilTruth returns the first argument that decides, or the last.
func (e *evaluation) untilTruth(dot any, decisive bool, nodes []parse.Node, final []any) (value any, err error) {
	if len(nodes)+len(final) == 0 {
		return nil, errors.New("wrong number of arguments: want at least 1 got 0")
	}
	for _, node := range nodes {
		if value, err = e.operand(dot, node); err != nil {
			return nil, err
		}
		if truth(value) == decisive {
			return value, nil
		}
	}
	if len(final) > 0 {
		return final[0], nil
	}
	return value, nil
}

func number(n *parse.NumberNode) (any, error) {
	hex := len(n.Text) > 2 && n.Text[0] == '0' && (n.Text[1] == 'x' || n.Text[1] == 'X') && !strings.ContainsAny(n.Text, "pP")
	char := n.Text != "" && n.Text[0] == '\''
	switch {
	case strings.HasSuffix(n.Text, "i"):
		return nil, fmt.Errorf("%s is a complex number", n.Text)
	case n.IsFloat && !hex && !char && strings.ContainsAny(n.Text, ".eEpP"):
		return n.Float64, nil
	case n.IsInt:
		return int(n.Int64), nil
	default:
		return nil, fmt.Errorf("%s is neither an int nor a float", n.Text)
	}
}

func count(args []any, want int) error {
	if len(args) != want {
		return fmt.Errorf("wrong number of arguments: want %d got %d", want, len(args))
	}
	return nil
}

func equal(args []any) (any, error) {
	if len(args) < 2 {
		return nil, errors.New("missing argument for comparison")
	}
	for _, other := range args[1:] {
		is, err := same(args[0], other)
		if is || err != nil {
			return is, err
		}
	}
	return false, nil
}

func equalOne(args []any) (any, error) {
	if err := count(args, 2); err != nil {
		return nil, err
	}
	return same(args[0], args[1])
}

func same(a, b any) (bool, error) {
	if fmt.Sprintf("%T", a) != fmt.Sprintf("%T", b) {
		return false, fmt.Errorf("incompatible types for comparison: %T and %T", a, b)
	}
	return a == b, nil
}

func less(args []any) (any, error) {
	if err := count(args, 2); err != nil {
		return nil, err
	}
	switch a := args[0].(type) {
	case string:
		if b, ok := args[1].(string); ok {
			return a < b, nil
		}
	case int:
		if b, ok := args[1].(int); ok {
			return a < b, nil
		}
	case float64:
		if b, ok := args[1].(float64); ok {
			return a < b, nil
		}
	}
	return nil, fmt.Errorf("incompatible types for comparison: %T and %T", args[0], args[1])
}

func negated(f func([]any) (any, error)) func([]any) (any, error) {
	return func(args []any) (any, error) {
		value, err := f(args)
		return value != true, err
	}
}

// exchanged asks with the two arguments in the other order.
func exchanged(args []any, f func([]any) (any, error)) (any, error) {
	if err := count(args, 2); err != nil {
		return nil, err
	}
	return f([]any{args[1], args[0]})
}

func either(args []any, f, g func([]any) (any, error)) (any, error) {
	if is, err := f(args); is == true || err != nil {
		return is, err
	}
	return g(args)
}

func not(args []any) (any, error) {
	if err := count(args, 1); err != nil {
		return nil, err
	}
	return !truth(args[0]), nil
}

func length(args []any) (any, error) {
	if err := count(args, 1); err != nil {
		return nil, err
	}
	s, ok := args[0].(string)
	if !ok {
		return nil, fmt.Errorf("len of type %T", args[0])
	}
	return len(s), nil
}

func index(args []any) (any, error) {
	if len(args) == 1 {
		return args[0], nil
	}
	if err := count(args, 2); err != nil {
		return nil, err
	}
	if data, ok := args[0].(templateData); ok {
		return fields(data, []string{fmt.Sprint(args[1])})
	}
	s, i, err := within(args[0], args[1])
	if err != nil {
		return nil, err
	}
	if i == len(s) {
		return nil, fmt.Errorf("index out of range: %d", i)
	}
	return s[i], nil
}

func slice(args []any) (any, error) {
	if len(args) < 1 || len(args) > 3 {
		return nil, fmt.Errorf("wrong number of arguments: want 1 to 3 got %d", len(args))
	}
	s, ok := args[0].(string)
	if !ok {
		return nil, fmt.Errorf("can't slice item of type %T", args[0])
	}
	bounds := [2]int{0, len(s)}
	for n, arg := range args[1:] {
		_, i, err := within(s, arg)
		if err != nil {
			return nil, err
		}
		bounds[n] = i
	}
	if bounds[0] > bounds[1] {
		return nil, fmt.Errorf("invalid slice index: %d > %d", bounds[0], bounds[1])
	}
	return s[bounds[0]:bounds[1]], nil
}

func within(value, at any) (string, int, error) {
	s, isString := value.(string)
	i, isInt := at.(int)
	switch {
	case !isString:
		return "", 0, fmt.Errorf("can't index item of type %T", value)
	case !isInt:
		return "", 0, fmt.Errorf("cannot index slice/array with type %T", at)
	case i < 0 || i > len(s):
		return "", 0, fmt.Errorf("index out of range: %d", i)
	}
	return s, i, nil
}

func printf(args []any) (any, error) {
	if len(args) == 0 {
		return nil, errors.New("wrong number of arguments: want at least 1 got 0")
	}
	format, ok := args[0].(string)
	if !ok {
		return nil, fmt.Errorf("wrong type for value; expected string; got %T", args[0])
	}
	return fmt.Sprintf(format, args[1:]...), nil
}
