package podtext

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/template"
)

const templateName = "pod-template.yaml"

// Data is the data of a pod template.
type Data struct {
	Namespace   string
	ExecutionID string
	NodeName    string
}

// values are a map, as the predecessor's were: {{ index . "NodeName" }} works.
func (d Data) values() map[string]string {
	return map[string]string{"Namespace": d.Namespace, "ExecutionID": d.ExecutionID, "NodeName": d.NodeName}
}

// Template is a parsed pod template, a Go text/template. It is not safe for concurrent use.
type Template struct {
	parsed *template.Template
	bounds *boundedExecution
}

// Parse parses a template. Its errors have the line of the template.
func Parse(text string) (*Template, error) {
	t := &Template{bounds: &boundedExecution{}}
	var err error
	if t.parsed, err = template.New(templateName).Option("missingkey=error").Funcs(t.bounds.functions()).Parse(text); err != nil {
		return nil, err
	}
	for _, defined := range t.parsed.Templates() {
		t.bounds.watch(defined.Root)
	}
	// It is added after parsing, so that no template can call it by its name.
	t.parsed.Funcs(template.FuncMap{stepFunction: t.bounds.step})
	return t, nil
}

// Render executes the template. Its errors have the line and column of the template.
func (t *Template) Render(data Data) ([]byte, error) {
	out := limitedBuffer{limit: maxRendered}
	if err := t.execute(&out, data); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (t *Template) execute(w io.Writer, data Data) error {
	t.bounds.begin(w)
	return explain(t.parsed, t.bounds, t.parsed.Execute(w, data.values()))
}

// evaluate parses and executes a template.
func evaluate(w io.Writer, text string, data Data) error {
	t, err := Parse(text)
	if err != nil {
		return err
	}
	return t.execute(w, data)
}

// explain adds the position to an error of the writer, which has none, and the existing
// names to an error about an unknown name.
func explain(t *template.Template, b *boundedExecution, err error) error {
	var limit limitError
	var failed template.ExecError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &limit):
		err = limit
	case errors.As(err, &failed):
		if strings.Contains(err.Error(), "map has no entry for key") {
			return fmt.Errorf("%w: there are .Namespace, .ExecutionID and .NodeName", err)
		}
		return err
	}
	location, context := t.ErrorContext(b.at.node)
	return fmt.Errorf("template: %s: executing %q at <%s>: %w", location, templateName, context, err)
}
