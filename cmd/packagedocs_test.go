package cmd_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for pkg := range allowed {
		if _, err := os.Stat(filepath.Join("..", filepath.FromSlash(pkg), "doc.go")); err != nil {
			t.Errorf("package %s: %v", pkg, err)
		}
	}
}

// TestEveryPackageListsItsFiles holds the lists of files in doc.go against the files that
// people write. A package of one file needs no list.
func TestEveryPackageListsItsFiles(t *testing.T) {
	for pkg := range allowed {
		dir := filepath.Join("..", filepath.FromSlash(pkg))
		text, err := os.ReadFile(filepath.Join(dir, "doc.go"))
		if err != nil {
			t.Fatal(err)
		}
		var listed []string
		for _, line := range regexp.MustCompile(`(?m)^//\t.*$`).FindAllString(string(text), -1) {
			listed = append(listed, regexp.MustCompile(`[a-z0-9_]+\.go\b`).FindAllString(line, -1)...)
		}
		there, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		there = slices.DeleteFunc(there, func(name string) bool {
			base := filepath.Base(name)
			return strings.HasSuffix(base, "_test.go") || strings.HasPrefix(base, "zz_generated.") || base == "doc.go"
		})
		for _, name := range there {
			if len(there) > 1 && !slices.Contains(listed, filepath.Base(name)) {
				t.Errorf("%s/doc.go does not list %s", pkg, filepath.Base(name))
			}
		}
		for _, name := range listed {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				t.Errorf("%s/doc.go lists %s: %v", pkg, name, err)
			}
		}
	}
}
