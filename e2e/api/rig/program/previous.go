package program

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// PreviousVariable is the environment variable with the commit or tag that Previous builds.
// The default is the last commit with another server.
const PreviousVariable = "E2E_PREVIOUS"

// serverSources returns the paths from which a server is built.
func serverSources() []string {
	return []string{"cmd/app", "cmd/batch-job-controller", "callback", "controller", "go.mod", ":(exclude)*_test.go", ":(exclude)controller/simulation"}
}

// Previous builds the server as it was before the last change of its sources, into the directory.
// It skips the test if this machine lacks the history.
func Previous(tb testing.TB, dir string) string {
	tb.Helper()
	root, err := repository(tb.Context())
	if err != nil {
		tb.Skipf("this machine lacks the history of the sources: %v", err)
	}
	commit, err := previous(tb.Context(), root)
	if err != nil {
		tb.Skipf("this machine lacks the history of the sources: %v", err)
	}
	if _, err := git(tb.Context(), root, "cat-file", "-e", commit+":controller/record/open.go"); err != nil {
		tb.Skipf("the server of %s recorded executions in ConfigMaps, which this version does not read", commit)
	}
	tb.Logf("the previous server is built from %s", commit)
	program, err := buildCommit(tb.Context(), dir, root, commit)
	if err != nil {
		tb.Fatal(err)
	}
	return program
}

func repository(ctx context.Context) (string, error) {
	out, err := git(ctx, ".", "rev-parse", "--show-toplevel")
	return strings.TrimSpace(string(out)), err
}

// previous returns the last commit whose server differs from that of the working tree.
func previous(ctx context.Context, root string) (string, error) {
	if given := os.Getenv(PreviousVariable); given != "" {
		return given, nil
	}
	out, err := git(ctx, root, append([]string{"log", "-2", "--format=%h", "--"}, serverSources()...)...)
	if err != nil {
		return "", err
	}
	commits := strings.Fields(string(out))
	const want = 2
	if len(commits) < want {
		return "", errors.New("there is only one commit, as in a shallow clone")
	}
	changed, err := git(ctx, root, append([]string{"diff", "--name-only", "HEAD", "--"}, serverSources()...)...)
	if err == nil && len(changed) > 0 {
		return commits[0], nil
	}
	return commits[1], err
}

// buildCommit builds from a copy of the sources, and does not change the repository.
func buildCommit(ctx context.Context, dir, root, commit string) (string, error) {
	archive, err := git(ctx, root, "archive", "--format=tar", commit)
	if err != nil {
		return "", err
	}
	sources, err := os.MkdirTemp(dir, "previous-")
	if err != nil {
		return "", fmt.Errorf("make directory: %w", err)
	}
	untar := exec.CommandContext(ctx, "tar", "-x", "-C", sources)
	untar.Stdin = bytes.NewReader(archive)
	if output, err := untar.CombinedOutput(); err != nil {
		return "", fmt.Errorf("unpack the sources of %s: %w: %s", commit, err, output)
	}
	return buildIn(ctx, sources, filepath.Join(dir, "previous"), serverPackage)
}

func git(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	var failure bytes.Buffer
	cmd.Stderr = &failure
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git %s: %w: %s", args[0], err, bytes.TrimSpace(failure.Bytes()))
	}
	return out, nil
}
