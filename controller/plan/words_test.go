package plan

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"testing"
)

// The words of this package that reach people through the API are its constants there. The
// package does not import the API, which knows all objects of a cluster.
func TestWordsAreThoseOfTheAPI(t *testing.T) {
	known := constantsOf(t, "../api/v1alpha1/*.go")
	for file, ofKind := range map[string]string{
		"rejectreason.go": "RejectReason",
		"queue.go":        "Policy",
		"steer.go":        "Cancel",
		"conditions.go":   "",
	} {
		found := 0
		for word, kind := range constantsOf(t, file) {
			if kind != ofKind || word == "" {
				continue
			}
			found++
			if _, ok := known[word]; !ok {
				t.Errorf("%s: the API has no word %q", file, word)
			}
		}
		if found < 2 {
			t.Errorf("%s: found %d words, want more", file, found)
		}
	}
}

// constantsOf returns the texts of the constants of files, each with the name of its type.
func constantsOf(t *testing.T, pattern string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no files %s: %v", pattern, err)
	}
	found := map[string]string{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			literal, ok := spec.Values[0].(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			kind, _ := spec.Type.(*ast.Ident)
			found[text] = ""
			if kind != nil {
				found[text] = kind.Name
			}
			return true
		})
	}
	return found
}
