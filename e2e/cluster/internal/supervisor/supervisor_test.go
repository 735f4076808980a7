package supervisor

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestProcReaders(t *testing.T) {
	status := "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n"
	if got := statusBytes(status, "VmRSS:"); got != 1<<20 {
		t.Errorf("VmRSS: got %d", got)
	}
	if got := statusBytes(status, "VmSwap:"); got != 0 {
		t.Errorf("VmSwap: got %d", got)
	}
	if got := statCPU("1 (a b) S 1 1 1 0 -1 4 10 0 0 0 25 17 0 0 20 0"); got != 420 {
		t.Errorf("CPU time: got %d ms", got)
	}
	if got := statCPU(""); got != 0 {
		t.Errorf("CPU time of nothing: got %d ms", got)
	}
}

func TestTail(t *testing.T) {
	tests := map[string]struct{ log, want string }{
		"the last lines":   {log: "a\nb\nc\n", want: "b\nc"},
		"fewer than asked": {log: "a\n", want: "a"},
		"from a panic on":  {log: "a\npanic: x\nb\nc\nd\n", want: "panic: x\nb"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log")
			if err := os.WriteFile(path, []byte(tc.log), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := Tail(path, 2); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestProgressReachesLateAndEarlyClients(t *testing.T) {
	p := newProgress()
	p.add(Report{Text: "first"})
	if r, ok := p.next(t.Context(), 0); !ok || r.Text != "first" {
		t.Errorf("late: got %+v, %t", r, ok)
	}
	got := make(chan Report)
	go func() {
		r, _ := p.next(context.Background(), 1)
		got <- r
	}()
	p.add(Report{Done: true})
	if r := <-got; !r.Done {
		t.Errorf("early: got %+v", r)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, ok := p.next(ctx, 2); ok {
		t.Error("got a report that does not exist")
	}
}

func TestAncestors(t *testing.T) {
	if got := ancestors("/a/b/c"); !slices.Equal(got, []string{"/a", "/a/b", "/a/b/c"}) {
		t.Errorf("got %q", got)
	}
}

func TestMountsBelow(t *testing.T) {
	mountinfo := `21 1 0:1 / / rw shared:1 - ext4 /dev/vda rw
22 21 0:1 /tmp/c /tmp/c rw - ext4 /dev/vda rw
23 22 0:5 / /tmp/c/nodes/x rw - tmpfs tmpfs rw
24 21 0:6 / /tmp/cc rw - tmpfs tmpfs rw
`
	if got := mountsBelow(mountinfo, "/tmp/c"); !slices.Equal(got, []string{"/tmp/c", "/tmp/c/nodes/x"}) {
		t.Errorf("got %q", got)
	}
}
