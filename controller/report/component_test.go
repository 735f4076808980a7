package report

import (
	"strings"
	"testing"
)

// long returns a node name of n bytes.
func long(n int) string { return strings.Repeat("a", 63) + strings.Repeat(".b", (n-63)/2) }

func TestNamesOfNodesThatFitStayAsTheyAre(t *testing.T) {
	for name, test := range map[string]struct{ got, want string }{
		"result":                  {resultName("node1"), "node1.json"},
		"file":                    {fileName("node1", "a.txt"), "node1-a.txt"},
		"log":                     {logName("node1", "main"), "node1-container-main.log"},
		"the longest that fits":   {fileName(long(134), "12345678901234567890"), long(133) + "-12345678901234567890"},
		"a result that just fits": {resultName(strings.Repeat("a", 250)), strings.Repeat("a", 250) + ".json"},
	} {
		t.Run(name, func(t *testing.T) {
			if test.got != test.want {
				t.Errorf("got %q, want %q", test.got, test.want)
			}
		})
	}
}

func TestNamesOfLongNodesAreCut(t *testing.T) {
	nodes := []string{long(253), long(251) + "c0", long(251) + "c1"}
	suffixes := []string{".json", "-a.txt", "-" + strings.Repeat("x", 120), "-container-main.log"}
	seen := map[string]string{}
	for _, node := range nodes {
		for _, suffix := range suffixes {
			got := component(node, suffix)
			if len(got) > maxComponent || !strings.HasSuffix(got, suffix) {
				t.Errorf("component of %d+%d bytes has %d: %q", len(node), len(suffix), len(got), got)
			}
			if got != component(node, suffix) {
				t.Errorf("a second call returns another name than %q", got)
			}
			if other, twice := seen[got]; twice {
				t.Errorf("%q is for %q and %q", got, other, node+suffix)
			}
			seen[got] = node + suffix
		}
	}
}

func TestANodeNamedLikeTheReportHasAnotherFile(t *testing.T) {
	if got := resultName("execution"); got == reportName || isNodeName(strings.TrimSuffix(got, resultSuffix)) {
		t.Errorf("the result of node execution is %q", got)
	}
}

func TestOwnerOfAName(t *testing.T) {
	longNode := long(253)
	for name, test := range map[string]struct {
		node  string
		file  string
		nodes []string
		want  bool
	}{
		"a file of the only node":                    {"a", "x.txt", []string{"a"}, false},
		"F14 the result of another node":             {"a", "b.json", []string{"a", "a-b"}, true},
		"F14 the node's own result":                  {"a", "a.json", []string{"a"}, false},
		"F16 a file of another node":                 {"a", "b-c", []string{"a", "a-b"}, true},
		"F16 a file of the other node itself":        {"a-b", "c", []string{"a", "a-b"}, false},
		"F16 beginning like another node's name":     {"a", "bc", []string{"a", "a-b"}, false},
		"F16 of a node that has a dot":               {"a", "b.c-x", []string{"a", "a-b.c", "a-b"}, true},
		"F16 the longest of three":                   {"a-b-c", "x", []string{"a-b-c", "a", "a-b"}, false},
		"a node that is no longer in the list":       {"a", "x", nil, false},
		"the node's own log":                         {"a", "container-x.log", []string{"a"}, true},
		"not quite a log":                            {"a", "container-x.txt", []string{"a"}, false},
		"the log of a node with a shorter name":      {"a-container", "x.log", []string{"a", "a-container"}, true},
		"a log of no node":                           {"a-container", "x.log", []string{"a-container"}, false},
		"a file of a node with a long name":          {longNode, "x.txt", []string{longNode, "a"}, false},
		"the log of a node with a long name":         {longNode, "container-x.log", []string{longNode}, true},
		"a node whose name begins with the sender's": {"a", "x", []string{"a", "ab"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			stored := fileName(test.node, test.file)
			if got := isTaken(stored, test.node, test.nodes); got != test.want {
				t.Errorf("isTaken(%q, %q, %q) = %t", stored, test.node, test.nodes, got)
			}
		})
	}
}

func TestNamesOfNodes(t *testing.T) {
	for name, test := range map[string]struct {
		in   string
		want bool
	}{
		"a word":              {"node-1", true},
		"an address":          {"ip-10-0-0-1.ec2.internal", true},
		"the longest":         {long(253), true},
		"too long":            {long(255), false},
		"empty":               {"", false},
		"capitals":            {"Node", false},
		"a hyphen at the end": {"node-", false},
		"cut":                 {"node~012345678901", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := isNodeName(test.in); got != test.want {
				t.Errorf("isNodeName(%q) = %t", test.in, got)
			}
		})
	}
}
