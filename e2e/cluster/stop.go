package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/lock"
	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/plan"
	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/sweep"
)

const stopTimeout = 2 * time.Minute

// stop ends a cluster as a crash does. There is no other way to end it, so that each stop
// tests the cleanup after a crash.
func (c *Cluster) stop(keepLogs bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := c.kill(ctx); err != nil {
		return fmt.Errorf("stop cluster %s: %w", c.spec.Name, err)
	}
	if c.leash != nil {
		_ = c.leash.Close()
	}
	held, err := lock.Wait(ctx, plan.LockFile(c.spec.Dir))
	if err != nil {
		return fmt.Errorf("stop cluster %s: %w", c.spec.Name, err)
	}
	err = removeLeftovers(c.spec, keepLogs)
	return errors.Join(err, os.Remove(plan.LockFile(c.spec.Dir)), held.Close())
}

// kill kills the supervisor. It returns when the supervisor, and with real nodes all
// processes of its PID namespace, have ended.
func (c *Cluster) kill(ctx context.Context) error {
	if c.ended != nil {
		select {
		case <-c.ended: // its process ID may belong to another process now
			return nil
		default:
		}
	}
	fd, err := unix.PidfdOpen(c.pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find supervisor: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("kill supervisor: %w", err)
	}
	deadline, _ := ctx.Deadline()
	for time.Now().Before(deadline) {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 100)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("wait for supervisor: %w", err)
		}
		if n > 0 {
			return nil
		}
	}
	return context.DeadlineExceeded
}

// removeLeftovers removes the remains of a cluster whose processes have ended. The caller
// holds the cluster's lock.
func removeLeftovers(spec plan.Spec, keepLogs bool) error {
	var errs []error
	if os.Geteuid() == 0 {
		errs = append(errs, sweep.Cgroups(spec.CgroupRoot()))
	}
	inside, err := filepath.Rel(spec.Dir, spec.LogDir)
	if _, statErr := os.Stat(spec.Dir); statErr == nil && keepLogs && err == nil && filepath.IsLocal(inside) {
		errs = append(errs, sweep.Except(spec.Dir, inside))
	} else {
		errs = append(errs, sweep.Dir(spec.Dir))
	}
	return errors.Join(errs...)
}
