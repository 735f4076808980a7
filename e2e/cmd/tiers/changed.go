package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// change is the difference to the sources that were tested before.
type change struct {
	since string   // the commit
	files []string // committed or not, relative to the root of the module
	err   error    // git could not determine the change
}

// due decides whether a tier runs that tests only changed files. It returns the arguments
// of the tier, or none if the tier is left out, and the reason. If git fails, the sources
// count as unchanged, because these tiers run completely every night.
func due(c change, covers func(file string) (arg string)) (args []string, why string) {
	if c.err != nil {
		return nil, fmt.Sprintf("git cannot say what has changed (%v)", c.err)
	}
	var by []string
	for _, file := range c.files {
		if arg := covers(file); arg != "" {
			args, by = append(args, arg), append(by, file)
		}
	}
	if len(by) == 0 {
		return nil, "unchanged since " + c.since
	}
	slices.Sort(args)
	slices.Sort(by)
	why = by[0] + " has changed since " + c.since
	if others := len(by) - 1; others > 0 {
		why = fmt.Sprintf("%s and %d more have changed since %s", by[0], others, c.since)
	}
	return slices.Compact(args), why
}

// fuzzed returns the package of a file, if the package has fuzz targets and the file is a
// part of what they test.
func fuzzed(file string) (pkg string) {
	dir, _, isData := strings.Cut(file, "/testdata/")
	if !isData {
		dir = path.Dir(file)
	}
	isSource := path.Ext(file) == ".go" && !strings.HasSuffix(file, "_test.go")
	if (isData || isSource) && hasTargets(dir) {
		return "./" + dir
	}
	return ""
}

var fuzzTarget = regexp.MustCompile(`(?m)^func Fuzz\w*\(`)

func hasTargets(dir string) bool {
	tests, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	return err == nil && slices.ContainsFunc(tests, func(test string) bool {
		text, err := os.ReadFile(test)
		return err == nil && fuzzTarget.Match(text)
	})
}

// released returns the package whose test builds a release twice, if the file determines
// how releases are built.
func released(file string) (pkg string) {
	const release, image = "e2e/cmd/release", "e2e/tools/image"
	switch {
	case strings.HasPrefix(file, release+"/"), strings.HasPrefix(file, image+"/"),
		slices.Contains([]string{"Dockerfile", ".dockerignore", "Makefile", "go.mod", "go.sum"}, file):
		return "./" + release
	default:
		return ""
	}
}

// readChange compares the working tree with its merge base with the main branch, or with
// the previous commit if the main branch is checked out.
func readChange(ctx context.Context) (c change) {
	base, err := readBase(ctx)
	if err != nil {
		return change{err: err}
	}
	short, errShort := git(ctx, "rev-parse", "--short", base)
	differ, errDiffer := git(ctx, "diff", "--name-only", "-z", "--no-renames", "--relative", base, "--")
	added, errAdded := git(ctx, "ls-files", "-z", "--others", "--exclude-standard")
	files := strings.FieldsFunc(differ+added, func(r rune) bool { return r == 0 })
	return change{since: strings.TrimSpace(short), files: files, err: errors.Join(errShort, errDiffer, errAdded)}
}

func readBase(ctx context.Context) (commit string, err error) {
	head, err := git(ctx, "rev-parse", "HEAD")
	if err != nil {
		return "", err
	}
	base, err := git(ctx, "merge-base", "HEAD", "origin/main")
	if err != nil {
		base, err = git(ctx, "merge-base", "HEAD", "main")
	}
	if err == nil && base == head {
		base, err = git(ctx, "rev-parse", "--verify", "HEAD^1")
	}
	return strings.TrimSpace(base), err
}

func git(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", args...)
	var failure bytes.Buffer
	command.Stderr = &failure
	out, err := command.Output()
	if err != nil {
		first, _, _ := strings.Cut(strings.TrimSpace(failure.String()), "\n")
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, first)
	}
	return string(out), nil
}
