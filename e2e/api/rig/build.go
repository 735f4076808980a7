package rig

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

const serverPackage = "github.com/batch-job-controller/batch-job-controller/cmd/batch-job-controller"

// ServerVariable names a program to be tested instead of the one that is built
// from the sources: an older one, to compare.
const ServerVariable = "E2E_SERVER"

// buildServer builds the server into the directory.
func buildServer(ctx context.Context, dir string) (string, error) {
	if given := os.Getenv(ServerVariable); given != "" {
		return filepath.Abs(given)
	}
	program := filepath.Join(dir, "batch-job-controller")
	args := []string{"build", "-tags", "nomsgpack", "-o", program}
	cgo := "CGO_ENABLED=0"
	if raceDetector {
		args = append(args, "-race")
		cgo = "CGO_ENABLED=1"
	}
	cmd := exec.CommandContext(ctx, "go", append(args, serverPackage)...)
	cmd.Env = append(os.Environ(), cgo)
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the server: %w\n%s", err, output)
	}
	return program, nil
}
