package report_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/report"
	"github.com/batch-job-controller/batch-job-controller/controller/report/memdisk"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

func TestAnExecutionSaysWhatItIs(t *testing.T) {
	want := execution.About{
		NodeCronJob: "check", Execution: execution.Object{Name: "check-1", UID: "u"}, Partial: true,
		Intake:    &execution.Intake{Gauges: []execution.Gauge{{Name: "test", Help: "A <test>.", Labels: []string{"label"}}}, SamplesPerResult: 5},
		Retention: execution.Retention{Reports: 3, Jobs: 1},
	}
	s, dir := newStore(t)
	testkit.Must(t, s.Begin(first, want))
	got, err := open(t, dir).About(first)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, err := s.About(second); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of an execution that has none: %v", err)
	}
}

// An execution that is taken over again costs no write, unless it has become another.
func TestWhatAnExecutionIsIsWrittenOnce(t *testing.T) {
	disk := memdisk.New()
	renames := 0
	disk.Fault = func(op memdisk.Op) error {
		if op.Kind == "rename" && strings.HasPrefix(op.Name, string(first)) {
			renames++
		}
		return nil
	}
	for i, step := range []struct {
		about execution.About
		want  int
	}{{whole, 1}, {whole, 1}, {part, 2}, {part, 2}} {
		s, err := report.Open(disk, report.Options{})
		testkit.Must(t, err)
		testkit.Must(t, s.Begin(first, step.about))
		testkit.Must(t, s.Begin(first, step.about))
		if about, err := s.About(first); renames != step.want || about != step.about || err != nil {
			t.Errorf("%d: written %d times, want %d; %+v, %v", i, renames, step.want, about, err)
		}
	}
}

func TestLatestIsNoneOfSomeNodes(t *testing.T) {
	damage := func(t *testing.T, dir string, id execution.ID) {
		t.Helper()
		testkit.Must(t, os.WriteFile(filepath.Join(dir, string(id), ".about.json"), []byte(`{"nodeCronJob":`), 0o600))
	}
	for name, test := range map[string]struct {
		do   func(t *testing.T, s *report.Store, dir string) error
		want string
	}{
		"one over some nodes begins": {
			func(_ *testing.T, s *report.Store, _ string) error { return s.Begin(second, part) }, string(first),
		},
		"the newest is dropped, and one over some nodes is next": {
			func(_ *testing.T, s *report.Store, _ string) error {
				return errors.Join(s.Begin(second, part), s.Begin(third, whole), s.Drop(third))
			}, string(first),
		},
		"all over all nodes are dropped": {
			func(_ *testing.T, s *report.Store, _ string) error {
				return errors.Join(s.Begin(second, part), s.Drop(first))
			}, "",
		},
		"another process drops the newest": {
			func(t *testing.T, s *report.Store, dir string) error {
				return errors.Join(s.Begin(second, part), s.Begin(third, whole), open(t, dir).Drop(third))
			}, string(first),
		},
		"one that began before it was stored is over all nodes": {
			func(t *testing.T, s *report.Store, dir string) error {
				testkit.Must(t, os.Mkdir(filepath.Join(dir, string(second)), 0o750))
				testkit.Must(t, os.WriteFile(filepath.Join(dir, string(second), "a.json"), []byte("{}"), 0o600))
				return errors.Join(s.Begin(third, whole), open(t, dir).Drop(third))
			}, string(second),
		},
		"of one whose beginning was cut short it is not known": {
			func(t *testing.T, s *report.Store, dir string) error {
				testkit.Must(t, os.Mkdir(filepath.Join(dir, string(second)), 0o750))
				testkit.Must(t, os.WriteFile(filepath.Join(dir, string(second), ".tmp-1"), nil, 0o600))
				return errors.Join(s.Begin(third, whole), open(t, dir).Drop(third))
			}, string(first),
		},
		"one of which it cannot be read is passed over": {
			func(t *testing.T, s *report.Store, dir string) error {
				testkit.Must(t, errors.Join(s.Begin(second, whole), s.Begin(third, whole)))
				damage(t, dir, second)
				return open(t, dir).Drop(third)
			}, string(first),
		},
		"a link that leads nowhere is repaired": {
			func(t *testing.T, s *report.Store, dir string) error {
				testkit.Must(t, s.Begin(second, part))
				testkit.Must(t, os.Remove(filepath.Join(dir, "latest")))
				open(t, dir)
				return nil
			}, string(first),
		},
		"one becomes another": {
			func(t *testing.T, s *report.Store, dir string) error {
				return errors.Join(s.Begin(second, whole), open(t, dir).Begin(second, part))
			}, string(first),
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, dir := newStore(t)
			testkit.Must(t, s.Begin(first, whole))
			testkit.Must(t, test.do(t, s, dir))
			if got, _ := os.Readlink(filepath.Join(dir, "latest")); got != test.want {
				t.Errorf("latest is %q, want %q", got, test.want)
			}
		})
	}
}

// The file may be damaged, or not be the controller's own. Other executions go on.
func TestWhatAnExecutionIsCannotBeRead(t *testing.T) {
	write := func(body string) func(name string) error {
		return func(name string) error { return os.WriteFile(name, []byte(body), 0o600) }
	}
	for name, test := range map[string]struct {
		damage func(name string) error
		want   string
	}{
		"it is empty":                {write(""), "unexpected end of JSON input"},
		"it is cut":                  {write(`{"nodeCronJob":"ch`), "unexpected end of JSON input"},
		"it has no definition":       {write(`{}`), "nodeCronJob: is empty"},
		"it is too large":            {write(`{"nodeCronJob":"` + strings.Repeat("x", 8<<20) + `"}`), "has more than 8388608 bytes"},
		"it is a directory":          {func(name string) error { return os.Mkdir(name, 0o750) }, "is not a regular file"},
		"it is a link":               {func(name string) error { return os.Symlink("a.json", name) }, "is not a regular file"},
		"a gauge has no valid name":  {write(`{"nodeCronJob":"check","intake":{"gauges":[{"name":"a b"}]}}`), `intake.gauges: "a b"`},
		"a gauge is there twice":     {write(`{"nodeCronJob":"check","intake":{"gauges":[{"name":"a"},{"name":"a"}]}}`), `intake.gauges: "a"`},
		"a label has no valid name":  {write(`{"nodeCronJob":"check","intake":{"gauges":[{"name":"a","labels":["1"]}]}}`), `intake.gauges: a: "1"`},
		"it is written over at once": {write(string(bytes.Repeat([]byte{0}, 100))), "invalid character"},
	} {
		t.Run(name, func(t *testing.T) {
			s, dir := newStore(t)
			testkit.Must(t, s.Begin(first, whole))
			file := filepath.Join(dir, string(first), ".about.json")
			testkit.Must(t, os.Remove(file))
			testkit.Must(t, test.damage(file))
			other := open(t, dir)
			_, err := other.About(first)
			if err == nil || errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), test.want) ||
				!strings.Contains(err.Error(), ".about.json of report "+string(first)) || len(err.Error()) > 500 {
				t.Errorf("got %v", err)
			}
			testkit.Must(t, errors.Join(other.Begin(second, whole), other.CreateResult(key(second, "a"), []byte("x")), other.Drop(first)))
			if !other.Healthy() {
				t.Error("the disk is not healthy")
			}
		})
	}
}
