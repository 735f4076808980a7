package report

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/report/memdisk"
)

const (
	first  = execution.ID("20260102030405")
	second = execution.ID("20260102030406")
)

// whole is an execution over all nodes.
var whole = execution.About{NodeCronJob: "check", Latest: true}

// newDisk returns a disk whose n-th operation fails. Its files are so old that Open sweeps
// the unfinished ones.
func newDisk(n int, fault error) *memdisk.Disk {
	d := memdisk.New()
	d.Fault = memdisk.FailAt(n, fault)
	d.Now = func() time.Time { return time.Time{} }
	return d
}

// step is one call of the store, and what it promises.
type step struct {
	do      func(*Store) error
	file    string // that is written
	content string
	begin   execution.ID
	drop    execution.ID
}

// steps are the life of a store: two executions, a result that is sent twice, and the
// deletion of both.
func steps() []step {
	begin := func(id execution.ID) step {
		return step{begin: id, do: func(s *Store) error { return s.Begin(id, whole) }}
	}
	drop := func(id execution.ID) step {
		return step{drop: id, do: func(s *Store) error { return s.Drop(id) }}
	}
	result := func(key execution.Key, body string) step {
		return step{
			file: string(key.Execution) + "/" + key.Node + ".json", content: body,
			do: func(s *Store) error { return takeResult(s, key, body) },
		}
	}
	a, b := execution.Key{Execution: first, Node: "a"}, execution.Key{Execution: second, Node: "b"}
	return []step{
		begin(first),
		result(a, "result one of a"),
		{file: string(first) + "/a-file.txt", content: "file of a", do: func(s *Store) error {
			_, err := s.SaveFile(a, "file.txt", "", []string{"a"}, strings.NewReader("file of a"))
			return err
		}},
		{file: string(first) + "/a-container-main.log", content: "log of a", do: func(s *Store) error {
			_, err := s.SaveLog(a, "main", strings.NewReader("log of a"), 100)
			return err
		}},
		result(a, "result two of a, which is longer"),
		{file: string(first) + "/execution.json", content: reportText(), do: func(s *Store) error {
			return s.SaveReport(execution.Report{ID: first})
		}},
		begin(second),
		result(b, "result of b"),
		drop(first),
		drop(second),
	}
}

// takeResult stores a result as the leader does.
func takeResult(s *Store, key execution.Key, body string) error {
	err := s.CreateResult(key, []byte(body))
	if errors.Is(err, fs.ErrExist) {
		if err = s.ClaimResults("us"); err == nil {
			err = s.ReplaceResult(key, []byte(body), "us")
		}
	}
	return err
}

func reportText() string {
	return `{"id":"20260102030405","trigger":"","scheduled":"0001-01-01T00:00:00Z","closed":"0001-01-01T00:00:00Z","configHash":"","tasks":null}` + "\n"
}

// live runs the steps until the power goes off.
func live(s *Store, o *oracle, fault error) {
	for _, step := range steps() {
		err := step.do(s)
		o.note(step, err)
		if err != nil && errors.Is(fault, memdisk.ErrPower) {
			return
		}
	}
}

func TestWhatWasAcknowledgedSurvivesAPowerFailure(t *testing.T) {
	for name, survives := range map[string]memdisk.Survival{
		"unsynced data does not survive":  memdisk.NothingUnsynced,
		"names survive, content does not": memdisk.OnlyNames,
		"everything survives":             memdisk.Everything,
	} {
		t.Run(name, func(t *testing.T) {
			for n := 1; ; n++ {
				d := newDisk(n, memdisk.ErrPower)
				o := newOracle()
				if s, err := Open(d, Options{}); err == nil {
					live(s, o, memdisk.ErrPower)
				}
				if d.Ops() < n {
					break
				}
				checkAfterRestart(t, d, o, n, survives)
			}
		})
	}
}

func checkAfterRestart(t *testing.T, d *memdisk.Disk, o *oracle, n int, survives memdisk.Survival) {
	t.Helper()
	d.Fault = nil
	d.Restart(survives)
	s, err := Open(d, Options{})
	if err != nil {
		t.Fatalf("power off at %d: open: %v", n, err)
	}
	if problem := o.check(s); problem != "" {
		t.Fatalf("power off at %d: %s", n, problem)
	}
	// A client that got no response retries.
	again := newOracle()
	for i, step := range steps() {
		err := step.do(s)
		again.note(step, err)
		if err != nil {
			t.Fatalf("power off at %d: step %d, again: %v", n, i, err)
		}
	}
	if problem := again.check(s); problem != "" {
		t.Fatalf("power off at %d, again: %s", n, problem)
	}
	left, err := fs.ReadDir(d.FS(), ".")
	left = slices.DeleteFunc(left, func(entry fs.DirEntry) bool { return entry.Name() == claimName })
	if err != nil || len(left) != 0 {
		t.Fatalf("power off at %d: left over: %v, %v", n, left, err)
	}
}

func TestAnOperationThatFailsLosesNothing(t *testing.T) {
	for name, fault := range map[string]error{
		"the disk is full":            &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC},
		"the disk quota is exhausted": &fs.PathError{Op: "write", Path: "x", Err: syscall.EDQUOT},
		"the disk has an error":       syscall.EIO,
		"the disk is read-only":       syscall.EROFS,
		"the handle is stale":         syscall.ESTALE,
	} {
		t.Run(name, func(t *testing.T) {
			for n := 1; ; n++ {
				if !failsAt(t, n, fault) {
					break
				}
			}
		})
	}
}

func TestAResultIsDurableAlthoughItsExecutionCouldNotBeBegun(t *testing.T) {
	for n := 1; ; n++ {
		d := newDisk(0, nil)
		s, err := Open(d, Options{})
		if err != nil {
			t.Fatal(err)
		}
		at := d.Ops() + n
		d.Fault = memdisk.FailAt(at, syscall.ENOSPC)
		if s.Begin(first, whole) == nil {
			break // there are fewer operations
		}
		if err := s.CreateResult(execution.Key{Execution: first, Node: "a"}, []byte("result")); err != nil {
			t.Fatalf("failure at %d: %v", n, err)
		}
		d.Restart(memdisk.NothingUnsynced)
		if !s.HasResult(execution.Key{Execution: first, Node: "a"}) {
			t.Errorf("failure at %d: a power failure loses the result", n)
		}
	}
}

// failsAt lets the n-th operation fail, and reports whether there was one.
func failsAt(t *testing.T, n int, fault error) bool {
	t.Helper()
	d := newDisk(n, fault)
	s, err := Open(d, Options{})
	if err != nil {
		checkFault(t, err, fault)
		return true
	}
	o := newOracle()
	for _, step := range steps() {
		err := step.do(s)
		o.note(step, err)
		if err != nil {
			checkFault(t, err, fault)
		}
		if s.Healthy() != (err == nil) {
			t.Fatalf("failure at %d: healthy is %t after %v", n, s.Healthy(), err)
		}
		if problem := o.check(s); problem != "" {
			t.Fatalf("failure at %d: %s", n, problem)
		}
		checkTemps(t, s, n)
	}
	return d.Ops() >= n
}

func checkFault(t *testing.T, err, fault error) {
	t.Helper()
	if !errors.Is(err, fault) {
		t.Fatalf("error %v does not wrap %v", err, fault)
	}
	full := errors.Is(fault, syscall.ENOSPC) || errors.Is(fault, syscall.EDQUOT)
	if errors.Is(err, execution.ErrNoSpace) != full {
		t.Fatalf("error %v: wraps ErrNoSpace: %t", err, !full)
	}
}

func checkTemps(t *testing.T, s *Store, n int) {
	t.Helper()
	err := fs.WalkDir(s.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if strings.HasPrefix(entry.Name(), tempPrefix) {
			return fmt.Errorf("%s is left over", name)
		}
		return err
	})
	if err != nil {
		t.Fatalf("failure at %d: %v", n, err)
	}
}
