package supervisor

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const netnsDir = "/run/netns"

// spawner starts all children from one thread that lives as long as the supervisor: when the
// thread that forked a child ends, the kernel sends the child its death signal, and a child
// inherits the network namespace of that thread.
type spawner struct {
	requests chan spawnRequest
}

type spawnRequest struct {
	netns string
	do    func() error
	done  chan error
}

func newSpawner() *spawner {
	s := &spawner{requests: make(chan spawnRequest)}
	go s.loop()
	return s
}

func (s *spawner) loop() {
	runtime.LockOSThread()
	for r := range s.requests {
		r.done <- inNetns(r.netns, r.do)
	}
}

// in calls do in the named network namespace, or in the supervisor's own if
// the name is empty.
func (s *spawner) in(netns string, do func() error) error {
	r := spawnRequest{netns: netns, do: do, done: make(chan error, 1)}
	s.requests <- r
	return <-r.done
}

// start starts cmd in the named network namespace.
func (s *spawner) start(cmd *exec.Cmd, netns string) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	if err := s.in(netns, cmd.Start); err != nil {
		return fmt.Errorf("start %s: %w", filepath.Base(cmd.Path), err)
	}
	return nil
}

// run runs a command with the given stdin.
func (s *spawner) run(ctx context.Context, netns, stdin string, argv ...string) error {
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := s.start(cmd, netns); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, bytes.TrimSpace(out.Bytes()))
	}
	return nil
}

// inNetns must run on a locked thread.
func inNetns(netns string, do func() error) error {
	if netns == "" {
		return do()
	}
	own, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer own.Close()
	other, err := os.Open(filepath.Join(netnsDir, netns))
	if err != nil {
		return err
	}
	defer other.Close()
	if err := unix.Setns(int(other.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter network of %s: %w", netns, err)
	}
	doErr := do()
	if err := unix.Setns(int(own.Fd()), unix.CLONE_NEWNET); err != nil {
		// Every later child would start in the wrong network namespace.
		panic(fmt.Sprintf("leave network of %s: %v", netns, err))
	}
	return doErr
}
