package podtext

import (
	"strings"
	"text/template/parse"
)

// Trace renders a template for the sample node, as jobspec.Validate does, and returns the
// line of the template for each rendered line. If the template fails, it returns the
// output before the error.
func Trace(template string) (rendered string, lines []int, err error) {
	out := traced{limitedBuffer: limitedBuffer{limit: maxRendered}, template: template}
	err = evaluate(&out, template, Sample())
	return out.String(), out.lines, err
}

// Sample returns the data of a node with which a template is validated.
func Sample() Data {
	return Data{Namespace: "sample-namespace", ExecutionID: "20060102150405", NodeName: "sample-node"}
}

// tracer is a writer that knows the position in the template of the next write.
type tracer interface{ from(node parse.Node) }

// traced is the output of a template, with the origin of its lines.
type traced struct {
	limitedBuffer
	template string
	lines    []int
	offset   int  // in the template
	verbatim bool // the next write is literal text of the template
	inside   bool // of a line
}

func (t *traced) from(node parse.Node) {
	t.offset = min(int(node.Position()), len(t.template))
	t.verbatim = node.Type() == parse.NodeText
}

func (t *traced) Write(p []byte) (int, error) {
	n, err := t.limitedBuffer.Write(p)
	line := 1 + strings.Count(t.template[:t.offset], "\n")
	for part := range strings.Lines(string(p[:n])) {
		if !t.inside {
			t.lines = append(t.lines, line)
		}
		t.inside = !strings.HasSuffix(part, "\n")
		if t.verbatim && !t.inside {
			line++
		}
	}
	return n, err
}
