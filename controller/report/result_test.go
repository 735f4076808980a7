package report_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/report"
	"github.com/batch-job-controller/batch-job-controller/controller/report/memdisk"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// unlinked is a disk whose file system has no hard links.
type unlinked struct {
	report.Disk
	err error
}

func (d unlinked) Link(_, newName string) error {
	return &fs.PathError{Op: "link", Path: newName, Err: d.err}
}

func TestTheFirstResultIsCreatedOnce(t *testing.T) {
	for name, open := range map[string]func(*testing.T) report.Disk{
		"a disk in memory": func(*testing.T) report.Disk { return memdisk.New() },
		"a directory":      func(t *testing.T) report.Disk { return directory(t) },
		"a directory on a file system that permits no links": func(t *testing.T) report.Disk { return unlinked{directory(t), syscall.EPERM} },
		"a directory on a file system that has no links":     func(t *testing.T) report.Disk { return unlinked{directory(t), syscall.EOPNOTSUPP} },
	} {
		t.Run(name, func(t *testing.T) {
			s, err := report.Open(open(t), report.Options{})
			testkit.Must(t, err)
			testkit.Must(t, s.Begin(first, whole))
			testkit.Must(t, s.CreateResult(key(first, "a"), []byte("one")))
			testkit.Must(t, s.CreateResult(key(first, "a"), []byte("one"))) // as a client without a response retries
			if err := s.CreateResult(key(first, "a"), []byte("two")); !errors.Is(err, fs.ErrExist) {
				t.Errorf("a different result: got %v, want %v", err, fs.ErrExist)
			}
			wantFiles(t, s, map[string]string{"a.json": "one"})
		})
	}
}

// Two replicas write to one volume, each with its own store.
func TestOfManyFirstResultsOneIsTaken(t *testing.T) {
	dir := t.TempDir()
	stores := []*report.Store{open(t, dir), open(t, dir)}
	testkit.Must(t, stores[0].Begin(first, whole))
	var taken atomic.Pointer[string]
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			body := fmt.Sprint("result ", i)
			switch err := stores[i%2].CreateResult(key(first, "a"), []byte(body)); {
			case err == nil && taken.Swap(&body) != nil:
				t.Error("two results were accepted")
			case err != nil && !errors.Is(err, fs.ErrExist):
				t.Error(err)
			}
		})
	}
	all.Wait()
	if taken.Load() == nil {
		t.Fatal("no result was accepted")
	}
	wantFiles(t, stores[0], map[string]string{"a.json": *taken.Load()})
}

func TestOnlyTheReplicaThatHasClaimedThemReplacesResults(t *testing.T) {
	dir := t.TempDir()
	us, them := open(t, dir), open(t, dir)
	testkit.Must(t, us.Begin(first, whole))
	testkit.Must(t, us.CreateResult(key(first, "a"), []byte("one")))
	replace := func(s *report.Store, by, body string, want error) {
		t.Helper()
		if err := s.ReplaceResult(key(first, "a"), []byte(body), by); !errors.Is(err, want) {
			t.Errorf("%s, with %q: got %v, want %v", by, body, err, want)
		}
	}
	replace(us, "us", "they are not claimed", execution.ErrNotLeader)
	replace(us, "", "they are not claimed, and neither are we", execution.ErrNotLeader)
	testkit.Must(t, us.ClaimResults("us"))
	replace(us, "us", "two", nil)
	replace(them, "them", "not their turn", execution.ErrNotLeader)
	testkit.Must(t, them.ClaimResults("them"))
	replace(us, "us", "not our turn any more", execution.ErrNotLeader)
	wantFiles(t, us, map[string]string{"a.json": "two"})
	replace(them, "them", "three", nil)
	testkit.Must(t, us.ClaimResults("us"))
	replace(us, "us", "four", nil)
	wantFiles(t, us, map[string]string{"a.json": "four"})
	testkit.Must(t, us.Drop(first))
	equal(t, names(t, dir), []string{".results-claimed-by"})
}

// A write to a hanging disk takes long: another replica may claim the results meanwhile.
func TestTheClaimIsCheckedAfterTheFileIsWritten(t *testing.T) {
	disk := memdisk.New()
	s, err := report.Open(disk, report.Options{})
	testkit.Must(t, err)
	testkit.Must(t, s.Begin(first, whole))
	testkit.Must(t, s.CreateResult(key(first, "a"), []byte("one")))
	testkit.Must(t, s.ClaimResults("us"))
	claim := sync.OnceFunc(func() { testkit.Must(t, s.ClaimResults("them")) })
	disk.Fault = func(op memdisk.Op) error {
		if op.Kind == "close" && strings.HasPrefix(op.Name, string(first)) {
			claim()
		}
		return nil
	}
	if err := s.ReplaceResult(key(first, "a"), []byte("two"), "us"); !errors.Is(err, execution.ErrNotLeader) {
		t.Errorf("got %v, want %v", err, execution.ErrNotLeader)
	}
	if !s.Healthy() {
		t.Error("the disk is not healthy")
	}
	wantFiles(t, s, map[string]string{"a.json": "one"})
}

// An existing result may not be durable yet: another process may be about to sync its
// name.
func TestAnExistingResultIsDurable(t *testing.T) {
	disk := memdisk.New()
	s, err := report.Open(disk, report.Options{})
	testkit.Must(t, err)
	testkit.Must(t, s.Begin(first, whole))
	disk.Fault = func(op memdisk.Op) error {
		if op.Kind == "syncdir" {
			return syscall.EIO
		}
		return nil
	}
	if err := s.CreateResult(key(first, "a"), []byte("one")); !errors.Is(err, syscall.EIO) {
		t.Errorf("got %v, want %v", err, syscall.EIO)
	}
	if err := s.CreateResult(key(first, "a"), []byte("one")); !errors.Is(err, syscall.EIO) {
		t.Errorf("again: got %v, want %v", err, syscall.EIO)
	}
	disk.Fault = nil
	testkit.Must(t, s.CreateResult(key(first, "a"), []byte("one")))
	disk.Restart(memdisk.NothingUnsynced)
	wantFiles(t, s, map[string]string{"a.json": "one"})
}

func directory(t *testing.T) report.Disk {
	t.Helper()
	disk, err := report.OpenDisk(filepath.Join(t.TempDir(), "reports"))
	testkit.Must(t, err)
	return disk
}

// wantFiles checks the whole directory of the first execution, except what Begin has stored.
func wantFiles(t *testing.T, s *report.Store, want map[string]string) {
	t.Helper()
	entries, err := fs.ReadDir(s.FS(), string(first))
	testkit.Must(t, err)
	entries = slices.DeleteFunc(entries, func(entry fs.DirEntry) bool { return entry.Name() == ".about.json" })
	if len(entries) != len(want) {
		t.Errorf("files: got %v, want %v", entries, want)
	}
	for name, content := range want {
		got, err := fs.ReadFile(s.FS(), path.Join(string(first), name))
		if err != nil || string(got) != content {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, content)
		}
	}
}

func TestResultsOfNodes(t *testing.T) {
	const long = "a-node-whose-name-is-as-long-as-a-name-can-be"
	longest := strings.Repeat(long+".", 6)[:253]
	for name, test := range map[string]struct {
		saved []string
		file  string // of the first node
		nodes []string
		want  []string
	}{
		"the nodes are known":                     {saved: []string{"a", "b"}, nodes: []string{"a", "b", "c"}, want: []string{"a", "b"}},
		"a file looks like a result":              {saved: []string{"a"}, file: "x.json", nodes: []string{"a"}, want: []string{"a"}},
		"an unlisted node":                        {saved: []string{"a", "b"}, nodes: []string{"b"}, want: []string{"b"}},
		"a node has a long name":                  {saved: []string{longest}, nodes: []string{longest}, want: []string{longest}},
		"a node is called execution":              {saved: []string{"execution"}, nodes: []string{"execution"}, want: []string{"execution"}},
		"unknown nodes":                           {saved: []string{"a", "b.c"}, want: []string{"a", "b.c"}},
		"unknown nodes, and a file like a result": {saved: []string{"a"}, file: "x.json", want: []string{"a"}},
		"unknown nodes, and an odd file":          {saved: []string{"a"}, file: "X.json", want: []string{"a"}},
		"unknown nodes, and no results":           {},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newStore(t)
			testkit.Must(t, s.Begin(first, whole))
			testkit.Must(t, s.SaveReport(execution.Report{ID: first}))
			for _, node := range test.saved {
				testkit.Must(t, s.CreateResult(key(first, node), []byte("of "+node)))
			}
			if test.file != "" {
				_, err := s.SaveFile(key(first, test.saved[0]), test.file, "", nil, strings.NewReader("x"))
				testkit.Must(t, err)
			}
			results := map[string]string{}
			for node, body := range s.Results(first, test.nodes) {
				results[node] = string(body)
			}
			equal(t, slices.Sorted(maps.Keys(results)), test.want)
			for node, body := range results {
				if body != "of "+node {
					t.Errorf("the result of %s is %q", node, body)
				}
			}
		})
	}
}

func TestResultsCanBeLeftEarly(t *testing.T) {
	s, _ := newStore(t)
	testkit.Must(t, s.Begin(first, whole))
	testkit.Must(t, s.CreateResult(key(first, "a"), nil))
	testkit.Must(t, s.CreateResult(key(first, "b"), nil))
	for range s.Results(first, nil) {
		break
	}
	for node := range s.Results(second, nil) {
		t.Errorf("%s of a missing execution", node)
	}
}

func TestAResultIsReadAsItWasSaved(t *testing.T) {
	s, dir := newStore(t)
	testkit.Must(t, s.Begin(first, whole))
	testkit.Must(t, s.CreateResult(key(first, "a"), []byte(`{"a":1}`)))
	testkit.Must(t, os.Symlink(filepath.Join(dir, string(first), "a.json"), filepath.Join(dir, string(first), "link.json")))
	testkit.Must(t, os.Mkdir(filepath.Join(dir, string(first), "directory.json"), 0o750))
	for node, want := range map[string]string{"a": `{"a":1}`, "none": "", "link": "", "directory": ""} {
		got, err := s.Result(key(first, node))
		if err != nil || string(got) != want || (got == nil) != (want == "") {
			t.Errorf("%s: got %q, %v, want %q", node, got, err, want)
		}
	}
}
