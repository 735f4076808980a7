package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/lock"
	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/plan"
	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/programs"
	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/supervisor"
)

// Start starts a cluster and returns when all its nodes are Ready. If it fails, nothing keeps
// running, and the error ends with the log of the process that failed.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	spec, err := prepare(ctx, o)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	held, err := claim(spec)
	if err != nil {
		return nil, err
	}
	c, err := launch(ctx, spec, held)
	if err != nil {
		return nil, errors.Join(err, held.Close())
	}
	if err := c.waitReady(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("start cluster %s: %w (logs: %s)", o.Name, err, spec.LogDir), c.stop(true))
	}
	fmt.Fprintf(o.Log, "cluster %s is ready after %.1fs\n", o.Name, time.Since(began).Seconds())
	return c, nil
}

// prepare provides the programs and packages that all clusters share.
func prepare(ctx context.Context, o Options) (plan.Spec, error) {
	spec := plan.Spec{
		Name: o.Name, Dir: o.Dir, LogDir: o.LogDir, Nodes: o.Nodes, Simulated: o.Simulated > 0,
		FastJobs: o.FastJobs, EtcdFsync: o.EtcdFsync, ExtraArgs: o.ExtraArgs, Detached: o.Detached,
	}
	var err error
	if spec.BinDir, err = programs.Build(ctx, o.Log); err != nil {
		return spec, err
	}
	if !spec.Isolated() {
		return spec, nil
	}
	if err := programs.Install(ctx, o.Log); err != nil {
		return spec, err
	}
	if spec.RuncPath, err = programs.Find("runc"); err != nil {
		return spec, err
	}
	plugin, err := programs.Find(programs.CNIPlugin)
	spec.CNIDir = filepath.Dir(plugin)
	return spec, err
}

// claim locks the cluster's name, and removes the remains of a crashed cluster.
func claim(spec plan.Spec) (*os.File, error) {
	held, err := lock.Try(plan.LockFile(spec.Dir))
	if errors.Is(err, lock.ErrLocked) {
		return nil, fmt.Errorf("cluster %s is running already (%s)", spec.Name, spec.Dir)
	}
	if err != nil {
		return nil, err
	}
	err = removeLeftovers(spec, false)
	for _, dir := range []string{spec.Dir, spec.LogDir} {
		err = errors.Join(err, os.MkdirAll(dir, 0o755))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("claim cluster %s: %w", spec.Name, err), held.Close())
	}
	return held, nil
}

// launch starts the supervisor, which inherits the lock.
func launch(ctx context.Context, spec plan.Spec, held *os.File) (*Cluster, error) {
	exe, err := supervisorProgram(ctx, spec)
	if err != nil {
		return nil, err
	}
	if spec.Isolated() {
		archive := spec.Path("images.tar")
		if err := writeImages(archive); err != nil {
			return nil, err
		}
		spec.Images = []string{archive}
	}
	sockets, err := openSockets(&spec)
	if err != nil {
		return nil, err
	}
	inherited := &inheritance{lock: held, files: sockets}
	defer inherited.close()
	if err := writeSpec(spec); err != nil {
		return nil, err
	}
	cmd := supervisorCommand(exe, spec)
	cmd.ExtraFiles = inherited.all()
	return startSupervisor(cmd, spec)
}

func startSupervisor(cmd *exec.Cmd, spec plan.Spec) (*Cluster, error) {
	log, err := os.Create(spec.Log("supervisor"))
	if err != nil {
		return nil, fmt.Errorf("open supervisor's log: %w", err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	c := &Cluster{spec: spec, control: newControl(spec.Path(plan.ControlFile)), ended: make(chan struct{})}
	if !spec.Detached {
		// Nothing is written to it: the supervisor ends when it is closed.
		if c.leash, err = cmd.StdinPipe(); err != nil {
			return nil, fmt.Errorf("start supervisor: %w", err)
		}
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start supervisor: %w", err)
	}
	c.pid = cmd.Process.Pid
	go func() {
		_ = cmd.Wait()
		close(c.ended)
	}()
	if err := os.WriteFile(spec.Path(plan.PIDFile), []byte(strconv.Itoa(c.pid)), 0o644); err != nil {
		return nil, errors.Join(fmt.Errorf("write the supervisor's process ID: %w", err), c.stop(false))
	}
	return c, nil
}

func writeSpec(spec plan.Spec) error {
	data, err := json.MarshalIndent(spec, "", "  ")
	if err != nil {
		return fmt.Errorf("encode cluster's specification: %w", err)
	}
	if err := os.WriteFile(spec.Path(plan.SpecFile), data, 0o644); err != nil {
		return fmt.Errorf("write cluster's specification: %w", err)
	}
	return nil
}

// waitReady logs the supervisor's progress until the cluster is ready.
func (c *Cluster) waitReady(ctx context.Context, o Options) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-c.ended:
			cancel(fmt.Errorf("the supervisor ended:\n%s", supervisor.Tail(c.spec.Log("supervisor"), 15)))
		case <-ctx.Done():
		}
	}()
	err := c.control.progress(ctx, func(r supervisor.Report) { fmt.Fprintf(o.Log, "cluster %s: %s\n", o.Name, r.Text) })
	if err == nil && o.Simulated > 0 {
		err = c.AddSimulatedNodes(ctx, o.Simulated)
	}
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
