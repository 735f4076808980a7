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

// change is what differs from the sources that were tested before.
type change struct {
	since string   // the commit
	files []string // committed or not, from the root of the module
	err   error    // git cannot say
}

// due decides about a tier that runs only for what it covers: it returns the
// arguments for that, or none if it is left out, and why. What git cannot say
// counts as unchanged: all that such tiers do is done every night, too.
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

// fuzzed returns the package of a file, if that has fuzz targets and the file
// is one of those that they try.
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

// released returns the package that makes a release twice, if the file is one
// of those that say how.
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

// readChange compares the sources in the working directory with the commit
// that they have in common with the main branch, or with the commit before if
// they are that branch.
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
