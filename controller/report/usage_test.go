package report_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/report"
	"github.com/batch-job-controller/batch-job-controller/controller/report/memdisk"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

func TestFilesOfNodes(t *testing.T) {
	long := strings.Repeat("n", 253)
	for name, test := range map[string]struct {
		nodes []string
		save  map[string]string // files by their names, of the nodes before the colon
		want  map[string]int64  // bytes
	}{
		"no files":                                 {nodes: []string{"a"}, want: map[string]int64{}},
		"one file each":                            {nodes: []string{"a", "b"}, save: map[string]string{"a:x": "12", "b:x": "123"}, want: map[string]int64{"a": 2, "b": 3}},
		"several files of a node":                  {nodes: []string{"a"}, save: map[string]string{"a:x": "12", "a:y": "123"}, want: map[string]int64{"a": 5}},
		"a name with the node's name":              {nodes: []string{"a"}, save: map[string]string{"a:a-a-x": "1"}, want: map[string]int64{"a": 1}},
		"nodes that begin alike":                   {nodes: []string{"a", "a-b", "a-b-c"}, save: map[string]string{"a:x": "1", "a-b:x": "22", "a-b-c:x": "333"}, want: map[string]int64{"a": 1, "a-b": 2, "a-b-c": 3}},
		"names with a tilde":                       {nodes: []string{"a"}, save: map[string]string{"a:x~": "1", "a:x~y12345678901234": "22"}, want: map[string]int64{"a": 3}},
		"a name that is cut":                       {nodes: []string{"a"}, save: map[string]string{"a:" + strings.Repeat("x", 200) + ".txt": "1"}, want: map[string]int64{"a": 1}},
		"a name that looks like a result":          {nodes: []string{"a"}, save: map[string]string{"a:x.json": "1"}, want: map[string]int64{"a": 1}},
		"a node whose name is cut, and another":    {nodes: []string{long, "n"}, save: map[string]string{long + ":x": "1", "n:x": "22"}, want: map[string]int64{long: 1, "n": 2}},
		"a node that is not part of the execution": {nodes: []string{"b"}, save: map[string]string{"a:x": "12"}, want: map[string]int64{}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := report.Open(memdisk.New(), report.Options{})
			testkit.Must(t, err)
			testkit.Must(t, s.Begin(first, whole))
			for file, content := range test.save {
				node, name, _ := strings.Cut(file, ":")
				_, err := s.SaveFile(key(first, node), name, "", nil, strings.NewReader(content))
				testkit.Must(t, err)
			}
			for _, node := range test.nodes { // results and logs, which do not count
				testkit.Must(t, s.CreateResult(key(first, node), []byte("result")))
				_, err := s.SaveLog(key(first, node), "main", strings.NewReader("log"), 10)
				testkit.Must(t, err)
			}
			testkit.Must(t, s.SaveReport(execution.Report{ID: first}))
			got := map[string]int64{}
			for node, size := range s.Files(first, test.nodes) {
				got[node] += size
			}
			if !maps.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestFilesOfAMissingExecution(t *testing.T) {
	s, err := report.Open(memdisk.New(), report.Options{})
	testkit.Must(t, err)
	for node := range s.Files(first, []string{"a"}) {
		t.Errorf("a file of %s", node)
	}
}

func TestWhatAFileWouldReplace(t *testing.T) {
	s, err := report.Open(memdisk.New(), report.Options{})
	testkit.Must(t, err)
	testkit.Must(t, s.Begin(first, whole))
	for _, name := range []string{"x", "awkward* name "} {
		_, err := s.SaveFile(key(first, "a"), name, "", nil, strings.NewReader("1234"))
		testkit.Must(t, err)
	}
	for name, test := range map[string]struct {
		node, file string
		wantThere  bool
	}{
		"the same name":          {"a", "x", true},
		"the same name, encoded": {"a", "awkward* name ", true},
		"another name":           {"a", "y", false},
		"another node":           {"b", "x", false},
		"a generated name":       {"a", "", false},
		"a rejected name":        {"a", "../a-x", false},
	} {
		t.Run(name, func(t *testing.T) {
			size, exists := s.FileSize(key(first, test.node), test.file)
			if exists != test.wantThere || (exists && size != 4) {
				t.Errorf("got %d bytes, %t", size, exists)
			}
		})
	}
}
