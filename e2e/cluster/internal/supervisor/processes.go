package supervisor

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster/internal/plan"
)

const stopGrace = 10 * time.Second

// processes starts, stops and watches the cluster's processes.
type processes struct {
	spec    plan.Spec
	spawner *spawner
	inherit []*os.File // inherited by every child
	onDeath func(error)

	mu   sync.Mutex
	list map[string]*process
}

type process struct {
	plan.Process
	cmd     *exec.Cmd     // nil before the first start
	done    chan struct{} // closed when cmd has ended
	stopped bool          // it was stopped on purpose
	retries int           // remaining restarts after it has ended by itself
	exit    string
}

func newProcesses(spec plan.Spec, s *spawner, inherit []*os.File, onDeath func(error)) *processes {
	p := &processes{spec: spec, spawner: s, inherit: inherit, onDeath: onDeath, list: map[string]*process{}}
	for _, described := range spec.Processes() {
		p.list[described.Name] = &process{Process: described, retries: described.Retries}
	}
	return p
}

// start starts the processes that do not run yet.
func (p *processes) start(names ...string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range names {
		proc, ok := p.list[name]
		if !ok {
			return fmt.Errorf("no process %q in this cluster", name)
		}
		if proc.running() {
			continue
		}
		if err := p.launch(proc); err != nil {
			return err
		}
	}
	return nil
}

// collectLess makes Go's garbage collector run less often: it used a sixth of the API
// server's time, and test machines have enough memory but few cores.
const collectLess = "GOGC=400"

func (p *processes) launch(proc *process) error {
	log, err := os.OpenFile(p.spec.Log(proc.Name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	defer log.Close()
	cmd := exec.Command(proc.Argv[0], proc.Argv[1:]...)
	cmd.Dir = p.spec.Dir
	cmd.Env = append(os.Environ(), "PATH="+p.spec.BinDir+":/usr/sbin:/usr/bin:/sbin:/bin", collectLess)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = p.inherit
	if err := p.spawner.start(cmd, proc.Netns); err != nil {
		return err
	}
	done := make(chan struct{})
	proc.cmd, proc.done, proc.stopped, proc.exit = cmd, done, false, ""
	slog.Info("started", "process", proc.Name, "pid", cmd.Process.Pid)
	go p.watch(proc, cmd, done)
	return nil
}

func (p *processes) watch(proc *process, cmd *exec.Cmd, done chan struct{}) {
	_ = cmd.Wait()
	p.mu.Lock()
	proc.exit = cmd.ProcessState.String()
	wanted := proc.stopped
	close(done)
	again := !wanted && proc.retries > 0
	if again {
		proc.retries--
		again = p.launch(proc) == nil
	}
	p.mu.Unlock()
	slog.Info("ended", "process", proc.Name, "state", cmd.ProcessState.String(), "wanted", wanted, "again", again)
	if !wanted && !again {
		p.onDeath(fmt.Errorf("%s ended: %s; the end of its log:\n%s",
			proc.Name, cmd.ProcessState, Tail(p.spec.Log(proc.Name), 15)))
	}
}

// stop terminates a process, and kills it after a while.
func (p *processes) stop(ctx context.Context, name string) error {
	done, err := p.signal(name, syscall.SIGTERM)
	if err != nil || done == nil {
		return err
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(stopGrace):
		return p.kill(name)
	}
}

// kill ends a process as a crash does.
func (p *processes) kill(name string) error {
	done, err := p.signal(name, syscall.SIGKILL)
	if err == nil && done != nil {
		<-done
	}
	return err
}

// signal sends a signal. It returns a channel that is closed when the process has ended, or
// nil if the process does not run.
func (p *processes) signal(name string, signal syscall.Signal) (<-chan struct{}, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	proc, ok := p.list[name]
	if !ok {
		return nil, fmt.Errorf("no process %q in this cluster", name)
	}
	if !proc.running() {
		return nil, nil
	}
	proc.stopped = proc.stopped || signal == syscall.SIGTERM || signal == syscall.SIGKILL
	if err := proc.cmd.Process.Signal(signal); err != nil {
		return nil, fmt.Errorf("signal %s: %w", name, err)
	}
	return proc.done, nil
}

// killAll kills all processes and waits until they have ended.
func (p *processes) killAll() {
	p.mu.Lock()
	var waits []chan struct{}
	for _, proc := range p.list {
		if proc.running() {
			proc.stopped = true
			_ = proc.cmd.Process.Kill()
			waits = append(waits, proc.done)
		}
	}
	p.mu.Unlock()
	for _, done := range waits {
		<-done
	}
}

// running reports whether the process runs. The caller holds the lock.
func (p *process) running() bool {
	if p.cmd == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}
