package plan

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

type nodeOption func(*corev1.Node)

func readyNode(name string, options ...nodeOption) *corev1.Node {
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID("uid-" + name), Labels: map[string]string{"role": "worker"}},
		Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{
			{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionTrue},
			{Type: corev1.NodeReady, Status: corev1.ConditionTrue},
		}},
	}
	for _, option := range options {
		option(node)
	}
	return node
}

func ready(status corev1.ConditionStatus) nodeOption {
	return func(n *corev1.Node) { n.Status.Conditions[1].Status = status }
}

func unknownToBeReady(n *corev1.Node) { n.Status.Conditions = nil }

func cordoned(n *corev1.Node) {
	n.Spec.Unschedulable = true
	n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule})
}

func labelled(key, value string) nodeOption {
	return func(n *corev1.Node) { n.Labels[key] = value }
}

func tainted(key, value string, effect corev1.TaintEffect) nodeOption {
	return func(n *corev1.Node) {
		n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: key, Value: value, Effect: effect})
	}
}

func beingDeleted(n *corev1.Node) {
	n.DeletionTimestamp = ptr.To(metav1.NewTime(origin.Add(time.Second)))
}

func TestSelectNodes(t *testing.T) {
	taking := func(name string, taints ...execution.Taint) execution.Node {
		return execution.Node{Name: name, UID: "uid-" + name, Taints: taints}
	}
	cases := map[string]struct {
		policy NodePolicy
		nodes  []*corev1.Node

		wantTaking []execution.Node
		wantLeft   []execution.Skip
	}{
		"an empty cluster": {},
		"no selector takes all": {
			nodes:      []*corev1.Node{readyNode("a"), readyNode("b")},
			wantTaking: []execution.Node{taking("a"), taking("b")},
		},
		"the selector has to match with every label": {
			policy: NodePolicy{Selector: map[string]string{"role": "worker", "zone": "z1"}},
			nodes: []*corev1.Node{
				readyNode("both", labelled("zone", "z1")),
				readyNode("one"),
				readyNode("other", labelled("zone", "z2")),
			},
			wantTaking: []execution.Node{taking("both")},
		},
		"an empty value selects the label with an empty value": {
			policy:     NodePolicy{Selector: map[string]string{"gpu": ""}},
			nodes:      []*corev1.Node{readyNode("empty", labelled("gpu", "")), readyNode("set", labelled("gpu", "yes")), readyNode("none")},
			wantTaking: []execution.Node{taking("empty")},
		},
		"nodes that the selector does not match are not mentioned": {
			policy: NodePolicy{Selector: map[string]string{"zone": "z1"}},
			nodes:  []*corev1.Node{readyNode("a", ready(corev1.ConditionFalse)), readyNode("b", cordoned)},
		},
		"a node has to be ready": {
			nodes: []*corev1.Node{
				readyNode("no", ready(corev1.ConditionFalse)),
				readyNode("unknown", ready(corev1.ConditionUnknown)),
				readyNode("silent", unknownToBeReady),
			},
			wantLeft: []execution.Skip{
				{Node: "no", Reason: execution.NodeNotReady},
				{Node: "silent", Reason: execution.NodeNotReady},
				{Node: "unknown", Reason: execution.NodeNotReady},
			},
		},
		"a cordoned node is left out": {
			nodes:    []*corev1.Node{readyNode("a", cordoned)},
			wantLeft: []execution.Skip{{Node: "a", Reason: execution.NodeUnschedulable}},
		},
		"a cordoned node takes part when it may": {
			policy:     NodePolicy{RunOnUnscheduledNodes: true},
			nodes:      []*corev1.Node{readyNode("a", cordoned)},
			wantTaking: []execution.Node{taking("a")},
		},
		"a cordoned node that is not ready is not ready": {
			nodes:    []*corev1.Node{readyNode("a", cordoned, ready(corev1.ConditionFalse))},
			wantLeft: []execution.Skip{{Node: "a", Reason: execution.NodeNotReady}},
		},
		"a cordoned node that may take part has to be ready": {
			policy:   NodePolicy{RunOnUnscheduledNodes: true},
			nodes:    []*corev1.Node{readyNode("a", cordoned, ready(corev1.ConditionFalse))},
			wantLeft: []execution.Skip{{Node: "a", Reason: execution.NodeNotReady}},
		},
		"a node that is being deleted is none": {
			nodes: []*corev1.Node{readyNode("a", beingDeleted), readyNode("b", beingDeleted, ready(corev1.ConditionFalse))},
		},
		"only the taints that keep the pod away are tolerated": {
			nodes: []*corev1.Node{readyNode("a",
				tainted("dedicated", "db", corev1.TaintEffectNoSchedule),
				tainted("tired", "", corev1.TaintEffectPreferNoSchedule),
				tainted("control-plane", "", corev1.TaintEffectNoSchedule),
				tainted(corev1.TaintNodeUnschedulable, "", corev1.TaintEffectNoSchedule),
			)},
			wantTaking: []execution.Node{taking("a",
				execution.Taint{Key: "dedicated", Value: "db"}, execution.Taint{Key: "control-plane"})},
		},
		"both lists are ordered by name": {
			nodes: []*corev1.Node{
				readyNode("n10"), readyNode("n9"), readyNode("N1"), readyNode("n1"),
				readyNode("z", cordoned), readyNode("a", cordoned),
			},
			wantTaking: []execution.Node{taking("N1"), taking("n1"), taking("n10"), taking("n9")},
			wantLeft: []execution.Skip{
				{Node: "a", Reason: execution.NodeUnschedulable}, {Node: "z", Reason: execution.NodeUnschedulable},
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			order := slices.Clone(tc.nodes)
			got := SelectNodes(tc.policy, tc.nodes)
			if diff := cmp.Diff(tc.wantTaking, got.Nodes); diff != "" {
				t.Errorf("taking (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.wantLeft, got.Skipped); diff != "" {
				t.Errorf("left out (-want +got):\n%s", diff)
			}
			if !slices.Equal(order, tc.nodes) {
				t.Error("the caller's list was reordered")
			}
			slices.Reverse(order)
			if again := SelectNodes(tc.policy, order); !cmp.Equal(again, got) {
				t.Errorf("in another order it takes %v", again)
			}
		})
	}
}
