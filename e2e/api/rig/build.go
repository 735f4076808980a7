package rig

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

const (
	module        = "github.com/batch-job-controller/batch-job-controller/"
	serverPackage = module + "cmd/batch-job-controller"
)

// ServerVariable is the environment variable with the path of the server to test. The default
// is a server that is built from the sources.
const ServerVariable = "E2E_SERVER"

// buildServer builds the server into the directory.
func buildServer(ctx context.Context, dir string) (string, error) {
	if given := os.Getenv(ServerVariable); given != "" {
		return filepath.Abs(given)
	}
	return build(ctx, dir, serverPackage)
}

func build(ctx context.Context, dir, pkg string) (string, error) {
	return buildIn(ctx, "", filepath.Join(dir, filepath.Base(pkg)), pkg)
}

// buildIn builds a program from the sources in a directory; empty: this module.
func buildIn(ctx context.Context, sources, program, pkg string) (string, error) {
	args := []string{"build", "-tags", "nomsgpack,e2e", "-o", program}
	// With the settings of the tests or of the image: most packages are in the build cache.
	flag, cgo := "-trimpath", "CGO_ENABLED=0"
	if raceDetector {
		flag, cgo = "-race", "CGO_ENABLED=1"
	}
	args = append(args, flag)
	cmd := exec.CommandContext(ctx, "go", append(args, pkg)...)
	cmd.Dir, cmd.Env = sources, append(os.Environ(), cgo)
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", pkg, err, output)
	}
	return program, nil
}

// Build builds a package of this module, for Server.WithProgram.
func (c *Cluster) Build(tb testing.TB, pkg string) string {
	tb.Helper()
	program, err := build(tb.Context(), c.dir, module+pkg)
	if err != nil {
		tb.Fatal(err)
	}
	return program
}
