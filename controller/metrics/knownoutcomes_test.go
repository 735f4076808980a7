package metrics

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// A reason that is missing would have no counter at 0, and an alert on its increase would
// miss the first node.
func TestKnownOutcomesHaveEveryReason(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../execution/task.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "Reason" {
			return true
		}
		text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		declared++
		reason := execution.Reason(text)
		if !slices.ContainsFunc(knownOutcomes(), func(o execution.Outcome) bool { return o.Reason == reason }) {
			t.Errorf("knownOutcomes lacks %s", reason)
		}
		return true
	})
	if declared < 10 {
		t.Errorf("found %d reasons, want more", declared)
	}
}
