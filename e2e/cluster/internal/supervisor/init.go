package supervisor

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Init is the first process of the cluster's PID namespace. It starts the actual supervisor
// with argv, and returns its exit status.
func Init(argv []string, keepVisible []string) (int, error) {
	exe, err := os.Executable() // before /proc is mounted again, with another process ID
	if err != nil {
		return 1, fmt.Errorf("find own program: %w", err)
	}
	if err := privateMounts(keepVisible); err != nil {
		return 1, err
	}
	child, err := syscall.ForkExec(exe, argv, &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{0, 1, 2, FdLock, FdControl, FdHost},
	})
	if err != nil {
		return 1, fmt.Errorf("start supervisor: %w", err)
	}
	return reapUntil(child)
}

// reapUntil reaps the orphans of the namespace until the child ends.
func reapUntil(child int) (int, error) {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return 1, fmt.Errorf("wait for supervisor: %w", err)
		case pid == child && status.Signaled():
			return 128 + int(status.Signal()), nil
		case pid == child:
			return status.ExitStatus(), nil
		}
	}
}
