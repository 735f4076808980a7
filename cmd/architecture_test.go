package cmd_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// matches returns what a pattern finds in the docs about the code.
func matches(t *testing.T, pattern string, atLeast int) [][]string {
	t.Helper()
	var all [][]string
	for _, name := range []string{"architecture.md", "layout.md"} {
		text, err := os.ReadFile(filepath.Join("..", "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1)...)
	}
	if len(all) < atLeast {
		t.Errorf("%s is found %d times, want more", pattern, len(all))
	}
	return all
}

// TestDocsNameFunctionsThatExist holds the docs against the code: every name in backquotes
// that has the form package.Name or package.Type.Method is one that a package of that name
// declares.
func TestDocsNameFunctionsThatExist(t *testing.T) {
	names := matches(t, "`([a-z]+)\\.([A-Za-z]+(?:\\.[A-Za-z]+)?)`", 30)
	declared := map[string]map[string]bool{}
	for _, name := range names {
		if name[2] == "go" {
			continue // a file
		}
		if declared[name[1]] == nil {
			declared[name[1]] = declarations(t, name[1])
		}
		if !declared[name[1]][name[2]] {
			t.Errorf("%s.%s: there is no such function or type", name[1], name[2])
		}
	}
}

// TestDocsNameFilesThatExist looks for dir/file.go from the root, and from the folders of the
// packages.
func TestDocsNameFilesThatExist(t *testing.T) {
	names := matches(t, "`([a-z0-9/]+/[a-z_]+\\.go)`", 5)
	for _, name := range names {
		found := false
		for _, root := range []string{"..", "../controller", "../controller/api"} {
			_, err := os.Stat(filepath.Join(root, name[1]))
			found = found || err == nil
		}
		if !found {
			t.Errorf("%s: there is no such file", name[1])
		}
	}
}

// declarations returns the functions, methods and types of a package.
func declarations(t *testing.T, name string) map[string]bool {
	t.Helper()
	dir := filepath.Join("..", "controller", name)
	switch name {
	case "controller", "callback":
		dir = filepath.Join("..", name)
	case "limits", "payload":
		dir = filepath.Join("..", "callback", name)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("package %s: %d files, %v", name, len(files), err)
	}
	found := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				found[receiver(d)+d.Name.Name] = true
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if spec, ok := spec.(*ast.TypeSpec); ok {
						found[spec.Name.Name] = true
					}
				}
			}
		}
	}
	return found
}

// receiver returns the type of a method with a dot behind it, or nothing.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	of := f.Recv.List[0].Type
	if star, ok := of.(*ast.StarExpr); ok {
		of = star.X
	}
	if name, ok := of.(*ast.Ident); ok {
		return name.Name + "."
	}
	return ""
}
