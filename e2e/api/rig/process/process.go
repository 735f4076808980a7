package process

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// Process is a child process that does not outlive this one.
type Process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed after its end
}

// Start starts the command.
func Start(cmd *exec.Cmd) (*Process, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p := &Process{cmd: cmd, ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The kernel sends the signal when the thread that started the child ends:
		// the thread must live as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // ProcessState has the outcome
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return p, nil
}

// PID is the ID of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Running reports whether the process has not ended.
func (p *Process) Running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// Ended is closed after the end of the process.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Outcome is how the process has ended.
func (p *Process) Outcome() *os.ProcessState { return p.cmd.ProcessState }

// Signal sends a signal to a running process.
func (p *Process) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// End sends a signal, if the process runs, and waits for its end.
func (p *Process) End(s os.Signal) error {
	if !p.Running() {
		return nil
	}
	if err := p.Signal(s); err != nil && p.Running() {
		return fmt.Errorf("signal %s: %w", p.cmd.Path, err)
	}
	<-p.ended
	return nil
}
