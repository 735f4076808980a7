package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/apiclient"
	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/plan"
	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/sweep"
)

type supervisor struct {
	spec      plan.Spec
	spawner   *spawner
	processes *processes
	progress  *progress
	api       *apiclient.Client
	names     atomic.Pointer[nameServer] // nil without real nodes
	started   time.Time
}

// ReadSpec reads the specification from a cluster's directory.
func ReadSpec(path string) (plan.Spec, error) {
	var spec plan.Spec
	data, err := os.ReadFile(path)
	if err != nil {
		return spec, fmt.Errorf("read cluster's specification: %w", err)
	}
	if err := json.Unmarshal(data, &spec); err != nil {
		return spec, fmt.Errorf("decode cluster's specification: %w", err)
	}
	return spec, nil
}

// Run starts the cluster's processes, and returns when its standard input ends. A detached
// cluster runs until it is killed.
func Run(spec plan.Spec) error {
	ctx, cancel := context.WithCancelCause(context.Background())
	s := &supervisor{spec: spec, spawner: newSpawner(), progress: newProgress(), started: time.Now()}
	var inherit []*os.File
	if !spec.Isolated() {
		// Every process of the cluster holds the lock while it runs.
		inherit = append(inherit, os.NewFile(FdLock, "lock"))
	}
	s.processes = newProcesses(spec, s.spawner, inherit, func(err error) { cancel(err) })
	defer s.end()

	if err := s.serveControl(); err != nil {
		return err
	}
	go func() {
		err := s.bringUp(ctx)
		if err == nil {
			s.report("ready")
			s.progress.add(Report{Done: true})
			return
		}
		slog.Error("start", "error", err)
		s.progress.add(Report{Done: true, Error: err.Error()})
	}()
	if spec.Detached {
		select {}
	}
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

func (s *supervisor) serveControl() error {
	listener, err := net.FileListener(os.NewFile(FdControl, "control"))
	if err != nil {
		return fmt.Errorf("open control socket: %w", err)
	}
	server := &http.Server{Handler: s.controlHandler(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		// The cluster continues without it; a signal can stop the cluster.
		slog.Error("the control socket is no longer served", "error", server.Serve(listener))
	}()
	return nil
}

func (s *supervisor) report(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	slog.Info(text, "after", time.Since(s.started).Round(10*time.Millisecond).String())
	s.progress.add(Report{Text: fmt.Sprintf("%s (%.1fs)", text, time.Since(s.started).Seconds())})
}

// end cleans up after the process that started the cluster has ended without stopping it.
func (s *supervisor) end() {
	var errs []error
	if s.spec.Isolated() {
		_ = unix.Kill(-1, unix.SIGKILL) // all processes in the PID namespace except its init
	}
	s.processes.killAll()
	if s.spec.Isolated() {
		errs = append(errs, sweep.Cgroups(s.spec.CgroupRoot()), detachBelow(s.spec.Dir))
	}
	errs = append(errs, sweep.Dir(s.spec.Dir), os.Remove(plan.LockFile(s.spec.Dir)))
	if err := errors.Join(errs...); err != nil {
		slog.Error("clean up", "error", err)
	}
}
