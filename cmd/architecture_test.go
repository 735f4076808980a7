package cmd_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestArchitectureNamesFunctionsThatExist holds docs/architecture.md against the code:
// every name in backquotes that has the form package.Name or package.Type.Method is
// one that a package of that name declares, and every name of a file is one.
func TestArchitectureNamesFunctionsThatExist(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile("`([a-z]+)\\.([A-Za-z]+(?:\\.[A-Za-z]+)?)`").FindAllStringSubmatch(string(text), -1)
	if len(names) < 30 {
		t.Errorf("docs/architecture.md names %d functions, want more", len(names))
	}
	declared := map[string]map[string]bool{}
	for _, name := range names {
		if name[2] == "go" {
			continue // a file
		}
		if declared[name[1]] == nil {
			declared[name[1]] = declarations(t, name[1])
		}
		if !declared[name[1]][name[2]] {
			t.Errorf("docs/architecture.md names %s.%s, which there is not", name[1], name[2])
		}
	}
}

// TestArchitectureNamesFilesThatExist looks for dir/file.go from the root, and from the
// folder of the packages.
func TestArchitectureNamesFilesThatExist(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile("`([a-z/]+/[a-z_]+\\.go)`").FindAllStringSubmatch(string(text), -1)
	if len(names) < 5 {
		t.Errorf("docs/architecture.md names %d files, want more", len(names))
	}
	for _, name := range names {
		_, err := os.Stat(filepath.Join("..", name[1]))
		if errors.Is(err, fs.ErrNotExist) {
			_, err = os.Stat(filepath.Join("..", "controller", name[1]))
		}
		if err != nil {
			t.Errorf("docs/architecture.md names %s: %v", name[1], err)
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
