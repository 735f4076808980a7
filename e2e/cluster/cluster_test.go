package cluster

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestOptionsValidate(t *testing.T) {
	tests := map[string]struct {
		options Options
		wantErr bool
	}{
		"simulated nodes only":  {options: Options{Name: "a-1", Simulated: 3}},
		"no name":               {options: Options{}, wantErr: true},
		"a name that is a path": {options: Options{Name: "../x"}, wantErr: true},
		"negative nodes":        {options: Options{Name: "a", Nodes: -1}, wantErr: true},
		"negative simulated":    {options: Options{Name: "a", Simulated: -1}, wantErr: true},
		"more than fit":         {options: Options{Name: "a", Nodes: 1000}, wantErr: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if err := tc.options.Validate(); (err != nil) != tc.wantErr {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTooLongDirIsRefused(t *testing.T) {
	if _, err := (Options{Name: "a", Dir: "/" + strings.Repeat("x", maxDir)}).withDefaults(); err == nil {
		t.Error("accepted")
	}
}

func TestLockIsExclusiveAndOutlivesRemoval(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.lock")
	first, err := tryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tryLock(path); !errors.Is(err, errLocked) {
		t.Fatalf("second lock: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := waitLock(ctx, path); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("wait for a held lock: %v", err)
	}
	// A process that opened the file before its removal must not get the lock.
	stale, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer stale.Close()
	if err := errors.Join(os.Remove(path), first.Close()); err != nil {
		t.Fatal(err)
	}
	if isAt(stale, path) {
		t.Error("a removed file counts as the lock")
	}
	second, err := tryLock(path)
	if err != nil {
		t.Fatalf("lock after removal: %v", err)
	}
	defer second.Close()
}

func TestReservedPortCannotBeTaken(t *testing.T) {
	f, port, err := reservePort()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	other, otherPort, err := reservePort()
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if port == 0 || port == otherPort {
		t.Errorf("ports are %d and %d", port, otherPort)
	}
}

func TestToolsDigestFollowsSources(t *testing.T) {
	dir := t.TempDir()
	write := func(tool, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(dir, tool), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, tool, "go.mod"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sum := func() string {
		t.Helper()
		s, err := toolsDigest(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	write("kube", "module a\n")
	before := sum()
	if again := sum(); again != before {
		t.Errorf("digests of the same sources: %s and %s", before, again)
	}
	write("crd", "module c\n")
	if after := sum(); after != before {
		t.Error("digest changes though the tool is none of the cluster's")
	}
	write("kube", "module b\n")
	if after := sum(); after == before {
		t.Error("a changed source has the same digest")
	}
}
