package steer

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"golang.org/x/sys/unix"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// Scripts must not wait for an answer, and people at a terminal must be asked: whether a
// standard input is a terminal is decided by the operating system.
func TestRerunAsksOnATerminalOnly(t *testing.T) {
	const nodes, question = "2 failed: worker-09, worker-11", "Run again on 4 nodes? [y/N] "
	t.Setenv("KUBECONFIG", kubeconfig(t))
	terminal, pipe := openTerminal, openPipe
	tests := map[string]struct {
		open        func(t *testing.T) (typing, in *os.File)
		typed       string
		args        []string
		asks        bool
		wantCreated bool
	}{
		"no, on a terminal":                   {open: terminal, typed: "n\n", asks: true},
		"only Enter, on a terminal":           {open: terminal, typed: "\n", asks: true},
		"Ctrl-D, on a terminal":               {open: terminal, typed: "\x04", asks: true},
		"yes, on a terminal":                  {open: terminal, typed: "y\n", asks: true, wantCreated: true},
		"no after a correction":               {open: terminal, typed: "y\x7fn\n", asks: true},
		"--yes, on a terminal":                {open: terminal, typed: "n\n", args: []string{"--yes"}, wantCreated: true},
		"a dry run, on a terminal":            {open: terminal, typed: "n\n", args: []string{"--dry-run"}},
		"a pipe is not asked":                 {open: pipe, typed: "n\n", wantCreated: true},
		"a pipe that has nothing, with --yes": {open: pipe, args: []string{"--yes"}, wantCreated: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			typing, in := tt.open(t)
			// The operating system keeps it until the command reads it.
			if _, err := typing.WriteString(tt.typed); err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				streams, _, _, errOut := genericiooptions.NewTestIOStreams()
				streams.In = in
				if status := w.run(t.Context(), streams, append([]string{"rerun"}, tt.args...)...); status != 0 {
					t.Errorf("exit status %d", status)
				}
				said := errOut.String()
				if shown, asked, _ := strings.Cut(said, question); !strings.Contains(shown, nodes) || strings.Contains(said, question) != tt.asks {
					t.Errorf("it says\n%s\nand then %q, want the nodes, and then the question: %t", shown, asked, tt.asks)
				}
				writes := w.writes(t)
				created := strings.Contains(writes, "create executions") && !strings.Contains(writes, "(dry run)")
				if created != tt.wantCreated {
					t.Errorf("an execution is created: %t, want %t; the requests: %s", created, tt.wantCreated, writes)
				}
			})
		})
	}
}

// openTerminal returns a terminal, and the other end, where a person types.
func openTerminal(t *testing.T) (typing, in *os.File) {
	t.Helper()
	typing = openFile(t, "/dev/ptmx")
	fd := int(typing.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetUint32(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	return typing, openFile(t, fmt.Sprintf("/dev/pts/%d", number))
}

func openFile(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.OpenFile(name, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// openPipe returns a standard input that is no terminal, and the other end.
func openPipe(t *testing.T) (typing, in *os.File) {
	t.Helper()
	in, typing, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = in.Close(), typing.Close() })
	return typing, in
}
