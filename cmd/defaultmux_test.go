package cmd_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"testing"
)

// Whatever is registered on http.DefaultServeMux, such as the profiles of
// net/http/pprof, is served by a server without a handler and by the shorthands of
// net/http. Therefore only package httpserver creates servers, each with a handler.
func TestTheDefaultMuxIsNotServed(t *testing.T) {
	shorthands := []string{"DefaultServeMux", "Handle", "HandleFunc", "ListenAndServe", "ListenAndServeTLS", "Serve", "ServeTLS"}
	err := eachFile(func(name string) error {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", filepath.FromSlash(name)), nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := selector.X.(*ast.Ident)
			if !ok || pkg.Name != "http" {
				return true
			}
			if slices.Contains(shorthands, selector.Sel.Name) {
				t.Errorf("%s: http.%s uses the mux of the whole process: use a http.ServeMux and httpserver.New", name, selector.Sel.Name)
			}
			if selector.Sel.Name == "Server" && filepath.Dir(name) != "callback/httpserver" {
				t.Errorf("%s: http.Server serves the mux of the whole process if it has no handler: use httpserver.New", name)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
