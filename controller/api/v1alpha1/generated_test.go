package v1alpha1

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	root     = "../../.."
	sumsFile = "generated.sums"
	stale    = "the generated files may not be those of the types: run make generate"
)

// `make generate` recorded the sums of what it read and wrote: they are still the same.
// That is quicker than to generate all anew, which a test in e2e/tools/crd does.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	text, err := os.ReadFile(sumsFile)
	if err != nil {
		t.Fatal(err)
	}
	versions := required(t)
	var listed []string
	for line := range strings.Lines(string(text)) {
		want, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if !ok {
			t.Fatalf("%s: %q has no name", sumsFile, line)
		}
		listed = append(listed, name)
		got, isModule := versions[name]
		if !isModule {
			content, err := os.ReadFile(filepath.Join(root, name))
			if err != nil {
				t.Errorf("%v: %s", err, stale)
				continue
			}
			got = fmt.Sprintf("%x", sha256.Sum256(content))
		}
		if got != want {
			t.Errorf("%s is %s, and was %s: %s", name, got, want, stale)
		}
	}
	for _, name := range inputs(t) {
		if !slices.Contains(listed, name) {
			t.Errorf("%s is not in %s: %s", name, sumsFile, stale)
		}
	}
}

// required returns the versions of the modules that go.mod requires.
func required(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	versions := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 {
			versions[fields[0]] = fields[1]
		}
	}
	return versions
}

// inputs returns what has to be in the sums: the types and the tool.
func inputs(t *testing.T) []string {
	t.Helper()
	names := []string{"e2e/tools/crd/go.mod", "k8s.io/api", "k8s.io/apimachinery"}
	for _, dir := range []string{"controller/api/v1alpha1", "e2e/tools/crd"} {
		files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s has no Go files: %v", dir, err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				names = append(names, path.Join(dir, filepath.Base(file)))
			}
		}
	}
	return names
}
