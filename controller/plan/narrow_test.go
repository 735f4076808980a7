package plan

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// narrowed is a cluster of workers a, b and c, of which c is cordoned, and of d, which is no
// worker.
func narrowed() (Selection, []*corev1.Node) {
	cluster := []*corev1.Node{
		readyNode("d", labelled("role", "other")), readyNode("c", cordoned), readyNode("b", labelled("zone", "z1")), readyNode("a"), readyNode("e", beingDeleted),
	}
	return SelectNodes(NodePolicy{Selector: map[string]string{"role": "worker"}}, cluster), cluster
}

func parsed(selector string) labels.Selector {
	s, err := labels.Parse(selector)
	if err != nil {
		panic(err)
	}
	return s
}

func TestNarrow(t *testing.T) {
	taking := func(names ...string) (nodes []execution.Node) {
		for _, name := range names {
			nodes = append(nodes, execution.Node{Name: name, UID: "uid-" + name})
		}
		return nodes
	}
	skip := func(node string, reason execution.Reason) execution.Skip {
		return execution.Skip{Node: node, Reason: reason}
	}
	left := skip("c", execution.NodeUnschedulable)
	from := func(nodes ...string) Narrowing {
		return Narrowing{From: &FromExecution{Name: "check-1", States: []execution.State{execution.Failed, execution.Lost}, Nodes: nodes}}
	}
	cases := map[string]struct {
		by         Narrowing
		want       Selection
		wantReason RejectReason
		wantSays   string
	}{
		"not at all": {want: Selection{Nodes: taking("a", "b"), Skipped: []execution.Skip{left}}},
		"to a node":  {by: Narrowing{Names: []string{"b"}}, want: Selection{Nodes: taking("b")}},
		"to a node that is skipped, and another one twice": {
			by: Narrowing{Names: []string{"c", "a", "a"}}, want: Selection{Nodes: taking("a"), Skipped: []execution.Skip{left}},
		},
		"to nodes that do not exist": {
			by: Narrowing{Names: []string{"a", "y", "x", "e"}}, wantReason: RejectNodesNotFound, wantSays: "there is no node e, x, y",
		},
		"to nodes that are not selected": {
			by: Narrowing{Names: []string{"d", "z"}}, wantReason: RejectNodesNotFound, wantSays: "there is no node z; jobNodeSelector or the pod template keeps out d",
		},
		"to no names":               {by: Narrowing{Names: []string{}}, wantReason: RejectNoNodes},
		"by a selector":             {by: Narrowing{Selector: parsed("zone=z1")}, want: Selection{Nodes: taking("b")}},
		"by a selector of a few":    {by: Narrowing{Selector: parsed("zone notin (z1)")}, want: Selection{Nodes: taking("a"), Skipped: []execution.Skip{left}}},
		"by a selector of all":      {by: Narrowing{Selector: labels.Everything()}, want: Selection{Nodes: taking("a", "b"), Skipped: []execution.Skip{left}}},
		"by a selector of others":   {by: Narrowing{Selector: parsed("role=other")}, wantReason: RejectNoNodes, wantSays: `"role=other": jobNodeSelector or the pod template keeps out d`},
		"by a selector of none":     {by: Narrowing{Selector: parsed("role=none")}, wantReason: RejectNoNodes, wantSays: `no node has labels that match "role=none"`},
		"from an earlier execution": {by: from("b", "c"), want: Selection{Nodes: taking("b"), Skipped: []execution.Skip{left}}},
		"from an earlier execution with a node that is gone": {
			by: from("a", "gone", "e"), want: Selection{Nodes: taking("a"), Skipped: []execution.Skip{skip("e", execution.NodeGone), skip("gone", execution.NodeGone)}},
		},
		"from an earlier execution with a node that is no longer selected": {by: from("a", "d"), want: Selection{Nodes: taking("a"), Excluded: 1}},
		"from an earlier execution whose nodes are all gone":               {by: from("gone"), want: Selection{Skipped: []execution.Skip{skip("gone", execution.NodeGone)}}},
		"from an earlier execution without such nodes":                     {by: from(), wantReason: RejectNoNodes, wantSays: "no node of execution check-1 is in one of the states failed, lost"},
		"from an earlier execution of which no node is selected":           {by: from("d"), wantReason: RejectNoNodes, wantSays: "selected any more: jobNodeSelector or the pod template keeps out d"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			in, cluster := narrowed()
			got, err := Narrow(in, tc.by, cluster)
			wantRejected(t, err, tc.wantReason, tc.wantSays)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("selection (-want +got):\n%s", diff)
			}
		})
	}
}

func wantRejected(t *testing.T, err error, reason RejectReason, says string) {
	t.Helper()
	var rejected *RejectError
	switch {
	case reason == "" && err != nil:
		t.Errorf("got %v, want no error", err)
	case reason == "":
	case !errors.As(err, &rejected) || rejected.Reason != reason || !strings.Contains(err.Error(), says):
		t.Errorf("got %v (%+v), want %s, %q", err, rejected, reason, says)
	}
}

func TestNarrowNamesFewOfManyNodes(t *testing.T) {
	in, cluster := narrowed()
	var names []string
	for i := range 25 {
		names = append(names, fmt.Sprintf("n%02d", i))
	}
	_, err := Narrow(in, Narrowing{Names: names}, cluster)
	wantRejected(t, err, RejectNodesNotFound, "n08, n09 and 15 more")
	if strings.Contains(err.Error(), "n10") {
		t.Errorf("names too many: %v", err)
	}
}

func TestNothingSelectedIsNoErrorUnlessNarrowed(t *testing.T) {
	if got, err := Narrow(Selection{Excluded: 2}, Narrowing{}, nil); err != nil || got.Excluded != 2 {
		t.Errorf("got %+v, %v", got, err)
	}
	for by, partial := range map[*Narrowing]bool{
		{}: false, {Names: []string{"a"}}: true, {Selector: labels.Everything()}: true, {From: &FromExecution{}}: true,
	} {
		if by.Partial() != partial {
			t.Errorf("%+v is partial: %t, want %t", by, by.Partial(), partial)
		}
	}
}

func TestNodesOfASource(t *testing.T) {
	found := Source{Name: "check-1", Exists: true, Definition: "check", Closed: true, Verdicts: map[string]execution.State{
		"silent": execution.Unreported, "good": execution.Succeeded, "quiet": execution.Succeeded, "failed": execution.Failed, "gone": execution.Lost,
		"unreached": execution.Canceled, "stopped": execution.Canceled, "cordoned": execution.Skipped,
	}}
	cases := map[string]struct {
		change     func(*Source)
		states     []execution.State
		want       []string
		wantReason RejectReason
		wantSays   string
	}{
		"what needs attention or was not reached": {
			states: []execution.State{execution.Failed, execution.Lost, execution.Unreported, execution.Canceled}, want: []string{"failed", "gone", "silent", "stopped", "unreached"},
		},
		"what succeeded":    {states: []execution.State{execution.Succeeded}, want: []string{"good", "quiet"}},
		"what was skipped":  {states: []execution.State{execution.Skipped}, want: []string{"cordoned"}},
		"what no node is":   {change: func(s *Source) { s.Verdicts = map[string]execution.State{} }, states: []execution.State{execution.Failed}},
		"it does not exist": {change: func(s *Source) { *s = Source{Name: "check-1"} }, wantReason: RejectExecutionNotFound, wantSays: "no Execution check-1"},
		"it is open":        {change: func(s *Source) { s.Closed = false }, wantReason: RejectExecutionNotClosed, wantSays: "has not closed"},
		"it was rejected":   {change: func(s *Source) { s.Closed, s.Rejected = false, true }, wantReason: RejectExecutionNotClosed, wantSays: "was rejected: it ran on no node"},
		"it is of another":  {change: func(s *Source) { s.Definition, s.Closed = "other", false }, wantReason: RejectOtherNodeCronJob, wantSays: "other"},
		"its record and its report are gone": {
			change: func(s *Source) { s.Verdicts = nil }, wantReason: RejectExecutionNotFound, wantSays: "its report is gone",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			source := found
			if tc.change != nil {
				tc.change(&source)
			}
			got, err := source.Nodes("check", tc.states)
			wantRejected(t, err, tc.wantReason, tc.wantSays)
			if err == nil {
				if diff := cmp.Diff(&FromExecution{Name: "check-1", States: tc.states, Nodes: tc.want}, got); diff != "" {
					t.Errorf("nodes (-want +got):\n%s", diff)
				}
			}
		})
	}
}
