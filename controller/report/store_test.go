package report_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/report"
	"github.com/batch-job-controller/batch-job-controller/controller/report/memdisk"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

const (
	first  = execution.ID("20260102030405")
	second = execution.ID("20260102030406")
	third  = execution.ID("20260102030407")
)

// whole is an execution over all nodes; part is one over some.
var (
	whole = execution.About{NodeCronJob: "check", Latest: true}
	part  = execution.About{NodeCronJob: "check", Partial: true}
)

func newStore(t *testing.T) (*report.Store, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "made", "when", "missing")
	return open(t, dir), dir
}

func open(t *testing.T, dir string) *report.Store {
	t.Helper()
	s, err := openDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func openDir(dir string) (*report.Store, error) {
	disk, err := report.OpenDisk(dir)
	if err != nil {
		return nil, err
	}
	return report.Open(disk, report.Options{})
}

func key(id execution.ID, node string) execution.Key {
	return execution.Key{Execution: id, Node: node}
}

func content(t *testing.T, s *report.Store, name string) string {
	t.Helper()
	body, err := fs.ReadFile(s.FS(), name)
	testkit.Must(t, err)
	return string(body)
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	testkit.Must(t, err)
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return all
}

func equal(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheLayoutIsWhatUsersKnow(t *testing.T) {
	s, dir := newStore(t)
	testkit.Must(t, s.Begin(first, whole))
	testkit.Must(t, s.CreateResult(key(first, "node1"), []byte(`{"a":1}`)))
	stored, err := s.SaveFile(key(first, "node1"), "a.txt", "text/plain", []string{"node1"}, strings.NewReader("file"))
	testkit.Must(t, err)
	_, err = s.SaveLog(key(first, "node1"), "main", strings.NewReader("log"), 100)
	testkit.Must(t, err)
	testkit.Must(t, s.SaveReport(execution.Report{ID: first, Tasks: []execution.TaskReport{{Node: "node1", State: execution.Succeeded}}}))

	if stored != "node1-a.txt" {
		t.Errorf("stored as %q", stored)
	}
	equal(t, names(t, dir), []string{string(first), "latest"})
	equal(t, names(t, filepath.Join(dir, string(first))), []string{".about.json", "execution.json", "node1-a.txt", "node1-container-main.log", "node1.json"})
	equal(t, []string{
		content(t, s, "latest/node1.json"), content(t, s, "latest/node1-a.txt"), content(t, s, "latest/node1-container-main.log"),
	}, []string{`{"a":1}`, "file", "log"})
	if target, err := os.Readlink(filepath.Join(dir, "latest")); target != string(first) || err != nil {
		t.Errorf("latest is %q, %v", target, err)
	}
	r, err := s.Report(first)
	if err != nil || r.ID != first || len(r.Tasks) != 1 {
		t.Errorf("report %+v, %v", r, err)
	}
	if !s.HasResult(key(first, "node1")) || !s.HasLog(key(first, "node1"), "main") {
		t.Error("the result or the log is missing")
	}
	if s.HasResult(key(first, "node2")) || s.HasLog(key(first, "node1"), "other") || s.HasResult(key(second, "node1")) {
		t.Error("a result or a log exists that was not saved")
	}
}

func TestFilesCanBeReadByTheGroupOnly(t *testing.T) {
	s, dir := newStore(t)
	testkit.Must(t, s.Begin(first, whole))
	testkit.Must(t, s.CreateResult(key(first, "a"), nil))
	for name, forbidden := range map[string]fs.FileMode{"": 0o027, "a.json": 0o137} {
		info, err := os.Stat(filepath.Join(dir, string(first), name))
		testkit.Must(t, err)
		if info.Mode().Perm()&forbidden != 0 {
			t.Errorf("%q has mode %v", name, info.Mode())
		}
	}
}

func TestSavingAgainReplaces(t *testing.T) {
	s, _ := newStore(t)
	testkit.Must(t, s.Begin(first, whole))
	testkit.Must(t, s.ClaimResults("us"))
	for _, body := range []string{"a long body", "short"} {
		testkit.Must(t, s.ReplaceResult(key(first, "a"), []byte(body), "us"))
		_, err := s.SaveFile(key(first, "a"), "x", "", nil, strings.NewReader(body))
		testkit.Must(t, err)
	}
	equal(t, []string{content(t, s, "latest/a.json"), content(t, s, "latest/a-x")}, []string{"short", "short"})
}

func TestLatestIsTheNewest(t *testing.T) {
	for name, test := range map[string]struct {
		do   func(*report.Store) error
		want string
	}{
		"an older one begins":       {func(s *report.Store) error { return s.Begin(first, whole) }, string(second)},
		"the newest begins again":   {func(s *report.Store) error { return s.Begin(second, whole) }, string(second)},
		"a newer one begins":        {func(s *report.Store) error { return s.Begin(third, whole) }, string(third)},
		"the newest is dropped":     {func(s *report.Store) error { return errors.Join(s.Begin(first, whole), s.Drop(second)) }, string(first)},
		"the oldest is dropped":     {func(s *report.Store) error { return errors.Join(s.Begin(first, whole), s.Drop(first)) }, string(second)},
		"all are dropped":           {func(s *report.Store) error { return s.Drop(second) }, ""},
		"an unknown one is dropped": {func(s *report.Store) error { return s.Drop(third) }, string(second)},
	} {
		t.Run(name, func(t *testing.T) {
			s, dir := newStore(t)
			testkit.Must(t, s.Begin(second, whole))
			testkit.Must(t, test.do(s))
			if got, _ := os.Readlink(filepath.Join(dir, "latest")); got != test.want {
				t.Errorf("latest is %q, want %q", got, test.want)
			}
		})
	}
}

func TestOpenCleansUp(t *testing.T) {
	s, dir := newStore(t)
	testkit.Must(t, s.Begin(first, whole))
	testkit.Must(t, s.CreateResult(key(first, "a"), []byte("kept")))
	old := time.Now().Add(-2 * time.Hour)
	plant := func(name string, changed time.Time) {
		name = filepath.Join(dir, name)
		testkit.Must(t, os.MkdirAll(filepath.Dir(name), 0o750))
		testkit.Must(t, os.WriteFile(name, nil, 0o640))
		testkit.Must(t, os.Chtimes(name, changed, changed))
	}
	plant(".tmp-OLD", old)
	plant(string(first)+"/.tmp-OLD", old)
	plant(string(first)+"/.tmp-OF-THE-LEADER", time.Now())
	plant("."+string(second)+".deleting/a.json", old)
	plant("lost+found/.tmp-NOT-OURS", old)
	plant(".notours.deleting/x", old)
	testkit.Must(t, os.Remove(filepath.Join(dir, "latest")))
	testkit.Must(t, os.Symlink("/var/www/202601020304", filepath.Join(dir, "latest")))

	s = open(t, dir)

	equal(t, names(t, dir), []string{".notours.deleting", string(first), "latest", "lost+found"})
	equal(t, names(t, filepath.Join(dir, string(first))), []string{".about.json", ".tmp-OF-THE-LEADER", "a.json"})
	equal(t, names(t, filepath.Join(dir, "lost+found")), []string{".tmp-NOT-OURS"})
	equal(t, []string{content(t, s, "latest/a.json")}, []string{"kept"})
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	testkit.Must(t, os.WriteFile(file, nil, 0o600))
	if _, err := openDir(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file for a directory: %v", err)
	}
	disk := memdisk.New()
	disk.Fault = func(memdisk.Op) error { return fs.ErrPermission }
	if _, err := report.Open(disk, report.Options{}); err == nil || !strings.Contains(err.Error(), "is not writable") {
		t.Errorf("a directory that cannot be written: %v", err)
	}
}

func TestExecutionsAreWhatLooksLikeOne(t *testing.T) {
	s, dir := newStore(t)
	for _, id := range []execution.ID{third, first, second} {
		testkit.Must(t, s.Begin(id, whole))
	}
	for _, other := range []string{"lost+found", "202601020304", "20269999999999", ".20260102030499.deleting", "x"} {
		testkit.Must(t, os.Mkdir(filepath.Join(dir, other), 0o750))
	}
	testkit.Must(t, os.WriteFile(filepath.Join(dir, "20260102030408"), nil, 0o600))
	ids, err := s.Executions()
	testkit.Must(t, err)
	if want := []execution.ID{first, second, third}; !slices.Equal(ids, want) {
		t.Errorf("got %q, want %q", ids, want)
	}
}

func TestLogsAreCut(t *testing.T) {
	const note = "\n[log truncated at 5 bytes]\n"
	for name, test := range map[string]struct {
		log, want string
		truncated bool
	}{
		"empty":          {"", "", false},
		"at the limit":   {"12345", "12345", false},
		"over the limit": {"123456", "12345" + note, true},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newStore(t)
			testkit.Must(t, s.Begin(first, whole))
			truncated, err := s.SaveLog(key(first, "a"), "main", iotest.OneByteReader(strings.NewReader(test.log)), 5)
			if truncated != test.truncated || err != nil {
				t.Errorf("truncated %t, %v", truncated, err)
			}
			if got := content(t, s, "latest/a-container-main.log"); got != test.want {
				t.Errorf("stored %q, want %q", got, test.want)
			}
		})
	}
}

func TestMissingReports(t *testing.T) {
	s, dir := newStore(t)
	testkit.Must(t, s.Begin(first, whole))
	if _, err := s.Report(first); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("not closed: %v", err)
	}
	testkit.Must(t, os.WriteFile(filepath.Join(dir, string(first), "execution.json"), []byte("{"), 0o600))
	if _, err := s.Report(first); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("damaged: %v", err)
	}
}

func TestAnInvalidIDIsNoPath(t *testing.T) {
	s, dir := newStore(t)
	for _, id := range []execution.ID{"", ".", "..", "../x", "latest", "20269999999999"} {
		for what, err := range map[string]error{
			"Begin":        s.Begin(id, whole),
			"CreateResult": s.CreateResult(key(id, "a"), nil),
			"SaveReport":   s.SaveReport(execution.Report{ID: id}),
			"Drop":         s.Drop(id),
		} {
			if err == nil {
				t.Errorf("%s(%q) succeeds", what, id)
			}
		}
	}
	equal(t, names(t, dir), nil)
}

func TestLinksAreNotFollowed(t *testing.T) {
	s, dir := newStore(t)
	testkit.Must(t, s.Begin(first, whole))
	testkit.Must(t, s.ClaimResults("us"))
	outside := filepath.Join(t.TempDir(), "outside")
	testkit.Must(t, os.WriteFile(outside, []byte("theirs"), 0o600))
	testkit.Must(t, os.Symlink(outside, filepath.Join(dir, string(first), "a.json")))
	if _, err := fs.ReadFile(s.FS(), string(first)+"/a.json"); err == nil {
		t.Error("the link was followed")
	}
	if s.HasResult(key(first, "a")) {
		t.Error("the link is a result")
	}
	if err := s.CreateResult(key(first, "a"), []byte("theirs")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a first result in place of a link: got %v, want %v", err, fs.ErrExist)
	}
	testkit.Must(t, s.ReplaceResult(key(first, "a"), []byte("ours"), "us"))
	if theirs, _ := os.ReadFile(outside); string(theirs) != "theirs" {
		t.Error("F28: the result was written through the link")
	}
	equal(t, []string{content(t, s, string(first)+"/a.json")}, []string{"ours"})
}

func TestManyWriteAtOnce(t *testing.T) {
	s, dir := newStore(t)
	testkit.Must(t, s.Begin(first, whole))
	var all sync.WaitGroup
	for n := range 16 {
		all.Go(func() {
			for i := range 8 {
				node := fmt.Sprintf("n%d", (n+i)%10) // several goroutines share a node
				if err := s.CreateResult(key(first, node), []byte(node)); err != nil {
					t.Error(err)
				}
				if _, err := s.SaveFile(key(first, node), "x", "", nil, strings.NewReader(node)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Go(func() {
		for range 5 {
			if err := errors.Join(s.Begin(second, whole), s.CreateResult(key(second, "a"), nil), s.Drop(second)); err != nil {
				t.Error(err)
			}
		}
	})
	all.Wait()
	if got := len(names(t, filepath.Join(dir, string(first)))); got != 21 {
		t.Errorf("%d files, want 21", got)
	}
	for node, body := range s.Results(first, nil) {
		if string(body) != node {
			t.Errorf("the result of %s is %q", node, body)
		}
	}
}
