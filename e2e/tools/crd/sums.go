package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// sumsFile has a line for each input and output: its SHA-256 and its path, or the version
// of a module of the project's go.mod and its path. TestGeneratedFilesAreCurrent of
// controller/api/v1alpha1 reads it.
const sumsFile = typesDir + "/generated.sums"

// inputs are the files that say what is generated, and how.
func inputs() []string {
	return []string{typesDir + "/*.go", "e2e/tools/crd/*.go", "e2e/tools/crd/go.mod"}
}

// modules are those whose types are in the definitions.
func modules() []string { return []string{"k8s.io/api", "k8s.io/apimachinery"} }

// sumsOf returns the content of sumsFile for the generated files. The working directory is
// that of the project.
func sumsOf(generated map[string][]byte) ([]byte, error) {
	var lines []string
	add := func(name string, content []byte) {
		lines = append(lines, fmt.Sprintf("%x  %s\n", sha256.Sum256(content), name))
	}
	for name, content := range generated {
		add(name, content)
	}
	for _, pattern := range inputs() {
		files, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", pattern, err)
		}
		for _, file := range files {
			name := filepath.ToSlash(file)
			if _, isGenerated := generated[name]; isGenerated || strings.HasSuffix(name, "_test.go") {
				continue
			}
			content, err := os.ReadFile(file)
			if err != nil {
				return nil, fmt.Errorf("read input: %w", err)
			}
			add(name, content)
		}
	}
	for _, module := range modules() {
		version, err := versionOf(module)
		if err != nil {
			return nil, err
		}
		lines = append(lines, fmt.Sprintf("%s  %s\n", version, module))
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(pathOf(a), pathOf(b)) })
	return []byte(strings.Join(lines, "")), nil
}

func pathOf(line string) string {
	_, path, _ := strings.Cut(line, "  ")
	return path
}

// versionOf returns the version of a module in the project's go.mod.
func versionOf(module string) (string, error) {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		return "", fmt.Errorf("read go.mod: %w", err)
	}
	for line := range bytes.Lines(text) {
		if fields := strings.Fields(string(line)); len(fields) > 1 && fields[0] == module {
			return fields[1], nil
		}
	}
	return "", fmt.Errorf("go.mod does not require %s", module)
}
