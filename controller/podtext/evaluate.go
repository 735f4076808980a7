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

// evaluate executes a Go text/template over the data. Its errors have the line
// and column of the template.
func evaluate(w io.Writer, text string, data Data) error {
	b := &boundedExecution{out: w}
	t, err := template.New(templateName).Option("missingkey=error").Funcs(b.functions()).Parse(text)
	if err != nil {
		return err
	}
	for _, defined := range t.Templates() {
		b.watch(defined.Root)
	}
	// It is added after parsing, so that no template can call it by its name.
	t.Funcs(template.FuncMap{stepFunction: b.step})
	return explain(t, b, t.Execute(b.out, data.values()))
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
