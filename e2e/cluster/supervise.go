package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"syscall"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/plan"
	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/programs"
	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/supervisor"
)

// The command that can run as the supervisor, and the arguments for it.
const (
	commandPackage = programs.Module + "/e2e/cmd/cluster"
	initWord       = "supervise-as-init"
	superviseWord  = "supervise"
)

// Supervise runs a supervisor, if args are those of one. Otherwise it returns false.
func Supervise(args []string) (status int, asked bool) {
	if len(args) != 2 || args[0] != initWord && args[0] != superviseWord {
		return 0, false
	}
	spec, err := supervisor.ReadSpec(args[1])
	if err == nil && args[0] == initWord {
		status, err = supervisor.Init([]string{os.Args[0], superviseWord, args[1]}, []string{spec.Dir, spec.LogDir, spec.BinDir})
	} else if err == nil {
		err = supervisor.Run(spec)
	}
	if err != nil {
		slog.Error("supervise", "error", err)
		return 1, true
	}
	return status, true
}

// supervisorCommand returns the command of the supervisor. With real nodes, it is the first
// process of its own namespaces, so that all processes end with it.
func supervisorCommand(exe string, spec plan.Spec) *exec.Cmd {
	word := superviseWord
	attr := &syscall.SysProcAttr{Setsid: true} // Ctrl-C is for the process that started it
	if spec.Isolated() {
		word = initWord
		attr.Cloneflags = syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET
	}
	cmd := exec.Command(exe, word, spec.Path(plan.SpecFile))
	cmd.SysProcAttr = attr
	cmd.Dir = spec.Dir
	return cmd
}

// supervisorProgram returns this program if it can run as a supervisor. A test binary cannot:
// then it builds the command that can.
func supervisorProgram(ctx context.Context, spec plan.Spec) (string, error) {
	if info, ok := debug.ReadBuildInfo(); ok && info.Path == commandPackage {
		return os.Executable()
	}
	root, err := programs.ModuleRoot()
	if err != nil {
		return "", err
	}
	exe := filepath.Join(spec.Dir, "supervisor")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", exe, commandPackage)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build supervisor: %w: %s", err, out)
	}
	return exe, nil
}
