package report_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/report"
	"github.com/batch-job-controller/batch-job-controller/controller/report/memdisk"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// broken is a disk that fails until a test mends it.
type broken struct {
	*memdisk.Disk
	fault atomic.Pointer[error]
}

func newBroken() *broken {
	b := &broken{Disk: memdisk.New()}
	b.Fault = func(memdisk.Op) error {
		if fault := b.fault.Load(); fault != nil {
			return *fault
		}
		return nil
	}
	return b
}

func (b *broken) fail(err error) { b.fault.Store(&err) }
func (b *broken) mend()          { b.fault.Store(nil) }

func TestARecoveredDiskIsUsedWithoutARestart(t *testing.T) {
	for name, fault := range map[string]error{
		"a full disk":        syscall.ENOSPC,
		"a read-only disk":   syscall.EROFS,
		"a disk with errors": syscall.EIO,
		"a remounted disk":   syscall.ESTALE,
	} {
		t.Run(name, func(t *testing.T) {
			disk := newBroken()
			s, err := report.Open(disk, report.Options{})
			testkit.Must(t, err)
			testkit.Must(t, s.Begin(first, whole))
			testkit.Must(t, s.CreateResult(key(first, "a"), []byte("before")))
			testkit.Must(t, s.ClaimResults("us"))

			disk.fail(fault)
			for what, err := range map[string]error{
				"a result":       s.ReplaceResult(key(first, "a"), []byte("while"), "us"),
				"a first result": s.CreateResult(key(first, "b"), []byte("while")),
				"an execution":   s.Begin(second, whole),
				"its result":     s.CreateResult(key(second, "a"), []byte("while")),
			} {
				if !errors.Is(err, fault) {
					t.Errorf("%s: got %v, want %v", what, err, fault)
				}
			}
			if s.Healthy() {
				t.Error("the disk is healthy")
			}
			equal(t, []string{content(t, s, "latest/a.json")}, []string{"before"})

			disk.mend()
			testkit.Must(t, s.CreateResult(key(second, "a"), []byte("after")))
			testkit.Must(t, s.ReplaceResult(key(first, "a"), []byte("after"), "us"))
			if !s.Healthy() {
				t.Error("the disk is not healthy")
			}
			equal(t, []string{content(t, s, "latest/a.json"), content(t, s, string(first)+"/a.json")}, []string{"after", "after"})
		})
	}
}

func TestWhatIsNotTheDisksFaultDoesNotMakeItUnhealthy(t *testing.T) {
	for name, do := range map[string]func(*report.Store) error{
		"an upload is interrupted": func(s *report.Store) error {
			_, err := s.SaveFile(key(first, "a"), "x", "", nil, iotest.ErrReader(errors.New("hung up")))
			return err
		},
		"a log is interrupted": func(s *report.Store) error {
			_, err := s.SaveLog(key(first, "a"), "main", iotest.ErrReader(errors.New("hung up")), 10)
			return err
		},
		"a name is rejected": func(s *report.Store) error {
			_, err := s.SaveFile(key(first, "a"), "../x", "", nil, strings.NewReader("x"))
			return err
		},
		"a result exists": func(s *report.Store) error {
			return errors.Join(s.CreateResult(key(first, "b"), []byte("x")), s.CreateResult(key(first, "b"), []byte("y")))
		},
		"a result may not be replaced":    func(s *report.Store) error { return s.ReplaceResult(key(first, "a"), nil, "them") },
		"an execution was never begun":    func(s *report.Store) error { return s.CreateResult(key(second, "a"), nil) },
		"an ID is invalid":                func(s *report.Store) error { return s.Begin("x", whole) },
		"a file would use up the reserve": func(s *report.Store) error { return saveFile(s, "x", 4*mebibyte) },
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := reserved(t)
			if err := do(s); err == nil {
				t.Fatal("there is no error")
			}
			if !s.Healthy() {
				t.Error("the disk is not healthy")
			}
		})
	}
}

// After a failed fsync, the kernel has marked the pages as clean: another fsync of the same
// descriptor would succeed without having written them.
func TestAFailedFsyncIsNotRetried(t *testing.T) {
	disk := memdisk.New()
	syncs := map[string]int{}
	fail := false
	disk.Fault = func(op memdisk.Op) error {
		if op.Kind != "sync" || !fail {
			return nil
		}
		syncs[op.Name]++
		return syscall.EIO
	}
	s, err := report.Open(disk, report.Options{})
	testkit.Must(t, err)
	testkit.Must(t, s.Begin(first, whole))
	fail = true
	for range 3 { // a client that retries
		if err := s.CreateResult(key(first, "a"), []byte("x")); !errors.Is(err, syscall.EIO) {
			t.Errorf("CreateResult: %v", err)
		}
	}
	if len(syncs) != 3 {
		t.Errorf("%d files were synced, want one for each attempt", len(syncs))
	}
	for name, n := range syncs {
		if n != 1 {
			t.Errorf("%s was synced %d times", name, n)
		}
	}
	if s.HasResult(key(first, "a")) {
		t.Error("the result exists")
	}
}

func TestADroppedExecutionDoesNotComeBack(t *testing.T) {
	file := func(s *report.Store) error { return saveFile(s, "x", 10) }
	result := func(s *report.Store) error { return s.CreateResult(key(first, "a"), []byte("late")) }
	merged := func(s *report.Store) error { return s.ReplaceResult(key(first, "a"), []byte("late"), "us") }
	for name, test := range map[string]struct {
		save func(*report.Store) error
		at   string // the operation during which the execution is dropped; empty: before the save
	}{
		"a result after the drop":           {save: result},
		"a file after the drop":             {save: file},
		"a result is about to be made":      {save: result, at: "create"},
		"a file is about to be made":        {save: file, at: "create"},
		"a file is half written":            {save: file, at: "write"},
		"a result is about to get its name": {save: result, at: "link"},
		"a result is about to replace one":  {save: merged, at: "rename"},
		"a result is about to be durable":   {save: result, at: "syncdir"},
	} {
		t.Run(name, func(t *testing.T) {
			disk := memdisk.New()
			s, err := report.Open(disk, report.Options{})
			testkit.Must(t, err)
			testkit.Must(t, s.Begin(first, whole))
			testkit.Must(t, s.Begin(second, whole))
			testkit.Must(t, s.ClaimResults("us"))
			drop := sync.OnceFunc(func() { testkit.Must(t, s.Drop(first)) })
			if test.at == "" {
				drop()
			}
			disk.Fault = func(op memdisk.Op) error {
				if op.Kind == test.at && strings.HasPrefix(op.Name, string(first)) {
					drop()
				}
				return nil
			}
			if err := test.save(s); !errors.Is(err, execution.ErrEnded) {
				t.Errorf("got %v, want %v", err, execution.ErrEnded)
			}
			if !s.Healthy() {
				t.Error("the disk is not healthy")
			}
			entries, err := fs.ReadDir(s.FS(), ".")
			testkit.Must(t, err)
			var left []string
			for _, entry := range entries {
				left = append(left, entry.Name())
			}
			equal(t, left, []string{".results-claimed-by", string(second), "latest"})
		})
	}
}

// An operator replaces the report directory, or a part of it, with a link while the
// controller runs.
func TestAReportDirectoryThatIsReplaced(t *testing.T) {
	for name, replaced := range map[string]string{
		"the report directory":       "",
		"an execution's directory":   string(first),
		"the directory of the newer": string(second),
	} {
		t.Run(name, func(t *testing.T) {
			s, dir := newStore(t)
			testkit.Must(t, s.Begin(first, whole))
			testkit.Must(t, s.Begin(second, whole))
			elsewhere := t.TempDir()
			at := filepath.Join(dir, replaced)
			testkit.Must(t, os.Rename(at, at+".moved"))
			testkit.Must(t, os.Symlink(elsewhere, at))
			for _, id := range []execution.ID{first, second} {
				// The write may fail or not.
				_ = s.CreateResult(key(id, "a"), []byte("x"))
				_, _ = s.SaveFile(key(id, "a"), "x", "", nil, strings.NewReader("x"))
				_, _ = s.SaveLog(key(id, "a"), "main", strings.NewReader("x"), 10)
				_ = s.SaveReport(execution.Report{ID: id})
			}
			_ = s.Begin(third, whole)
			_ = s.Drop(first)
			_ = s.Drop(second)
			equal(t, names(t, elsewhere), nil)
		})
	}
}

func TestAReportDirectoryThatIsRemoved(t *testing.T) {
	s, dir := newStore(t)
	testkit.Must(t, s.Begin(first, whole))
	testkit.Must(t, os.RemoveAll(dir))
	if err := s.CreateResult(key(first, "a"), []byte("x")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("CreateResult: %v", err)
	}
	if s.Healthy() {
		t.Error("the disk is healthy")
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory: %v", err)
	}
}

func TestAnExecutionThatCouldNotBeginDoesWhenAResultComes(t *testing.T) {
	disk := newBroken()
	s, err := report.Open(disk, report.Options{})
	testkit.Must(t, err)
	disk.fail(syscall.EIO)
	if err := s.Begin(first, whole); err == nil {
		t.Fatal("the execution began")
	}
	disk.mend()
	testkit.Must(t, s.CreateResult(key(first, "a"), []byte("x")))
	equal(t, []string{content(t, s, "latest/a.json")}, []string{"x"})
}

// hanging is a disk that does not return its free space.
type hanging struct {
	*memdisk.Disk
	asked  *atomic.Int32
	answer chan int64
}

func (h hanging) Free() (int64, error) {
	h.asked.Add(1)
	return <-h.answer, nil
}

func TestADiskThatHangsDoesNotHangTheMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := hanging{Disk: memdisk.New(), asked: &atomic.Int32{}, answer: make(chan int64, 1)}
		disk.answer <- 7
		s, err := report.Open(disk, report.Options{})
		testkit.Must(t, err)
		for range 5 {
			begun := time.Now()
			if free := s.Free(); free != 7 || time.Since(begun) > time.Second {
				t.Errorf("%d bytes free after %s, want the earlier value within a second", free, time.Since(begun))
			}
		}
		if n := disk.asked.Load(); n != 2 {
			t.Errorf("the disk was asked %d times, want once more, while it does not answer", n)
		}
		disk.answer <- 5
		synctest.Wait()
		disk.answer <- 4
		if free := s.Free(); free != 4 {
			t.Errorf("%d bytes free, want 4", free)
		}
	})
}
