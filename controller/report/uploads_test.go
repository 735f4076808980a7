package report_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// stored returns the files of the first execution, except what Begin has stored.
func stored(t *testing.T, dir string) []string {
	t.Helper()
	return slices.DeleteFunc(names(t, filepath.Join(dir, string(first))), func(name string) bool { return name == ".about.json" })
}

func TestFilesAreStoredUnderTheirNode(t *testing.T) {
	for name, test := range map[string]struct {
		name    string
		nodes   []string
		want    string
		wantErr error
	}{
		"a name":                      {name: "x.txt", want: "a-x.txt"},
		"F7 a hidden file":            {name: ".x", want: "a-.x"},
		"a name that is encoded":      {name: "xy:z", want: "a-xy%3Az", nodes: []string{"a", "a-x"}},
		"F16 another node's":          {name: "b-x", nodes: []string{"a", "a-b"}, wantErr: execution.ErrNameTaken},
		"the place of the node's log": {name: "container-main.log", wantErr: execution.ErrNameTaken},
	} {
		t.Run(name, func(t *testing.T) {
			s, dir := newStore(t)
			testkit.Must(t, s.Begin(first, whole))
			got, err := s.SaveFile(key(first, "a"), test.name, "", test.nodes, strings.NewReader("x"))
			if got != test.want || !errors.Is(err, test.wantErr) {
				t.Errorf("got %q, %v, want %q, %v", got, err, test.want, test.wantErr)
			}
			files := stored(t, dir)
			if (test.want == "") != (len(files) == 0) {
				t.Errorf("stored: %q", files)
			}
		})
	}
}

func TestAFileThatIsNamedLikeAPathIsRefused(t *testing.T) {
	s, dir := newStore(t)
	testkit.Must(t, s.Begin(first, whole))
	var invalid *execution.InvalidError
	if _, err := s.SaveFile(key(first, "a"), "../x", "", nil, strings.NewReader("x")); !errors.As(err, &invalid) {
		t.Errorf("F1: %v", err)
	}
	equal(t, stored(t, dir), nil)
}

func TestAFileWithoutANameGetsOne(t *testing.T) {
	s, _ := newStore(t)
	testkit.Must(t, s.Begin(first, whole))
	got, err := s.SaveFile(key(first, "a"), "", "text/csv", []string{"a"}, strings.NewReader("1,2"))
	testkit.Must(t, err)
	if !strings.HasPrefix(got, "a-") || !strings.HasSuffix(got, ".csv") || content(t, s, "latest/"+got) != "1,2" {
		t.Errorf("stored as %q", got)
	}
}

func TestAnUploadThatBreaksOffLeavesNothing(t *testing.T) {
	s, dir := newStore(t)
	testkit.Must(t, s.Begin(first, whole))
	broken := fmt.Errorf("hung up: %w", execution.ErrTooLarge)
	body := io.MultiReader(bytes.NewReader(make([]byte, 100_000)), iotest.ErrReader(broken))
	if _, err := s.SaveFile(key(first, "a"), "x", "", nil, body); !errors.Is(err, execution.ErrTooLarge) {
		t.Errorf("SaveFile: %v", err)
	}
	if _, err := s.SaveLog(key(first, "a"), "main", iotest.ErrReader(broken), 10); !errors.Is(err, broken) {
		t.Errorf("SaveLog: %v", err)
	}
	half := io.MultiReader(strings.NewReader("12345"), iotest.ErrReader(broken))
	if _, err := s.SaveLog(key(first, "a"), "main", half, 5); !errors.Is(err, broken) {
		t.Errorf("SaveLog at the limit: %v", err)
	}
	equal(t, stored(t, dir), nil)
}
