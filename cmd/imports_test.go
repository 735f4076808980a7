package cmd_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/batch-job-controller/batch-job-controller/"

func TestImportsGoOneWay(t *testing.T) {
	for pkg, imports := range importsByPackage(t) {
		list, listed := allowed[pkg]
		if !listed {
			t.Errorf("package %s is not in the import graph: add it", pkg)
			continue
		}
		for imported, file := range imports {
			if !slices.ContainsFunc(list, func(entry string) bool { return covers(entry, imported) }) {
				t.Errorf("%s: %s must not import %s", file, pkg, imported)
			}
		}
	}
}

func TestEveryAllowanceIsNeeded(t *testing.T) {
	imports := importsByPackage(t)
	for pkg, list := range allowed {
		for _, entry := range list {
			needed := false
			for imported := range imports[pkg] {
				needed = needed || covers(entry, imported)
			}
			if !needed {
				t.Errorf("no file of package %s imports %s: remove it from the import graph", pkg, entry)
			}
		}
	}
}

func TestAllowancesAreSorted(t *testing.T) {
	for pkg, list := range allowed {
		if !slices.IsSorted(list) {
			t.Errorf("package %s: sort its imports in the import graph", pkg)
		}
	}
}

// importsByPackage returns what the files of each package import besides the
// standard library and tests, each with one file that does. The files are parsed
// here rather than by a child process, so that the test cache notices when one of
// them changes.
func importsByPackage(t *testing.T) map[string]map[string]string {
	t.Helper()
	packages := map[string]map[string]string{}
	if err := eachFile(func(name string) error { return addImports(packages, name) }); err != nil {
		t.Fatal(err)
	}
	return packages
}

// eachFile calls f with each file of the product, without its tests.
func eachFile(f func(name string) error) error {
	return fs.WalkDir(os.DirFS(".."), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skipDir(name)
		}
		if strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			return f(name)
		}
		return nil
	})
}

func skipDir(name string) error {
	if base := path.Base(name); name == "e2e" || name == "docs" || base == "testdata" || (strings.HasPrefix(base, ".") && name != ".") {
		return fs.SkipDir
	}
	return nil
}

func addImports(packages map[string]map[string]string, name string) error {
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", filepath.FromSlash(name)), nil, parser.ImportsOnly)
	if err != nil {
		return err
	}
	pkg := path.Dir(name)
	if packages[pkg] == nil {
		packages[pkg] = map[string]string{}
	}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
			packages[pkg][strings.TrimPrefix(imported, module)] = name
		}
	}
	return nil
}

// covers reports whether an entry of the graph is the import, or a subtree with it.
func covers(entry, imported string) bool {
	subtree, isSubtree := strings.CutSuffix(entry, "...")
	return imported == entry || (isSubtree && strings.HasPrefix(imported, subtree))
}
