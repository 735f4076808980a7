package program

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

const (
	module        = "github.com/batch-job-controller/batch-job-controller/"
	serverPackage = module + "cmd/batch-job-controller"
)

// ServerVariable is the environment variable with the path of the server to test. The default
// is a server that is built from the sources.
const ServerVariable = "E2E_SERVER"

// Server builds the server into the directory.
func Server(ctx context.Context, dir string) (string, error) {
	if given := os.Getenv(ServerVariable); given != "" {
		return filepath.Abs(given)
	}
	return build(ctx, dir, serverPackage)
}

// Build builds a package of this module, such as e2e/api/crasher, into the directory.
func Build(ctx context.Context, dir, pkg string) (string, error) {
	return build(ctx, dir, module+pkg)
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
