package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// epochVariable is the time of the release, in seconds since 1970. The default is the time
// of the commit.
const epochVariable = "SOURCE_DATE_EPOCH"

// source is a clone of the committed sources.
type source struct {
	dir       string
	commit    string
	date      time.Time
	moduleEnv []string // where modules come from on this machine
	remove    func() error
}

// copySource clones the commit that is checked out. The only tag of the clone is the
// version.
func copySource(ctx context.Context, version string) (source, error) {
	root, err := git(ctx, ".", "rev-parse", "--show-toplevel")
	if err != nil {
		return source{}, fmt.Errorf("a release is made from a git repository: %w", err)
	}
	// This command itself contains parts of the release, such as the manifests.
	changes, err := git(ctx, root, "status", "--porcelain")
	if err != nil {
		return source{}, err
	}
	if changes != "" {
		first, _, _ := strings.Cut(changes, "\n")
		return source{}, fmt.Errorf("there are changes that are not committed, such as %q: commit them first", first)
	}
	dir, err := os.MkdirTemp("", "release-")
	if err != nil {
		return source{}, fmt.Errorf("make directory: %w", err)
	}
	s := source{dir: filepath.Join(dir, "source"), remove: func() error { return os.RemoveAll(dir) }}
	if err := s.clone(ctx, root, version); err != nil {
		return source{}, errors.Join(err, s.remove())
	}
	return s, nil
}

func (s *source) clone(ctx context.Context, root, version string) error {
	var err error
	if s.commit, err = git(ctx, root, "rev-parse", "HEAD"); err != nil {
		return err
	}
	for _, variable := range []string{"GOPROXY", "GONOPROXY", "GOSUMDB", "GONOSUMDB", "GOMODCACHE", "GOCACHE"} {
		value, err := output(ctx, root, nil, "go", "env", variable)
		if err != nil {
			return err
		}
		s.moduleEnv = append(s.moduleEnv, variable+"="+value)
	}
	for _, args := range [][]string{
		{"init", "--quiet", s.dir},
		{"-C", s.dir, "fetch", "--quiet", "--no-tags", "--depth", "1", "file://" + filepath.ToSlash(root), "HEAD"},
		{"-C", s.dir, "-c", "advice.detachedHead=false", "checkout", "--quiet", "--detach", s.commit},
		{"-C", s.dir, "tag", version, s.commit},
	} {
		if _, err := git(ctx, root, args...); err != nil {
			return err
		}
	}
	text, err := git(ctx, s.dir, "log", "-1", "--format=%ct")
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return fmt.Errorf("time of the commit: %w", err)
	}
	s.date = time.Unix(seconds, 0).UTC()
	return nil
}

func git(ctx context.Context, dir string, args ...string) (string, error) {
	return output(ctx, dir, nil, "git", args...)
}

// output runs a program and returns what it prints.
func output(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var failure bytes.Buffer
	cmd.Stderr = &failure
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, bytes.TrimSpace(failure.Bytes()))
	}
	return strings.TrimSpace(string(out)), nil
}
