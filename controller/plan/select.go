package plan

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// NodePolicy says which nodes get a node task.
type NodePolicy struct {
	Selector              map[string]string
	RunOnUnscheduledNodes bool
	TolerateNoExecute     bool
	Templates             Templates // nil: the pod template rules out no node
}

// Selection is the nodes that match the selector, ordered by name: the execution
// record keeps this order.
type Selection struct {
	Nodes   []execution.Node // that get a Job
	Skipped []execution.Skip // with the reason
	// Excluded is the number of nodes that the pod template rules out. Like nodes
	// that the selector does not match, they are not listed.
	Excluded int
}

// A nodeCheck returns why a selected node is skipped, or nothing.
type nodeCheck func(NodePolicy, *corev1.Node) execution.Reason

var nodeChecks = []nodeCheck{
	notReady,      // its kubelet would not start the pod
	unschedulable, // an operator is about to work on it
}

// SelectNodes returns the nodes of an execution, and the skipped nodes.
func SelectNodes(policy NodePolicy, nodes []*corev1.Node) Selection {
	var s Selection
	selector := labels.SelectorFromSet(policy.Selector)
	for _, node := range nodes {
		if !selector.Matches(labels.Set(node.Labels)) || node.DeletionTimestamp != nil {
			continue
		}
		spec := policy.podSpec(node.Name)
		if excludes(spec, node) {
			s.Excluded++
			continue
		}
		reason, tolerate := skipReason(policy, node), []execution.Taint(nil)
		if reason == "" {
			reason, tolerate = checkTaints(policy, spec, node)
		}
		if reason != "" {
			s.Skipped = append(s.Skipped, execution.Skip{Node: node.Name, Reason: reason})
			continue
		}
		s.Nodes = append(s.Nodes, execution.Node{Name: node.Name, UID: string(node.UID), Taints: tolerate})
	}
	s.sort()
	return s
}

func (s Selection) sort() {
	slices.SortFunc(s.Nodes, func(a, b execution.Node) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Skipped, func(a, b execution.Skip) int { return strings.Compare(a.Node, b.Node) })
}

// podSpec returns the pod template rendered for a node. If it does not render, the
// node's task fails later with the error.
func (p NodePolicy) podSpec(node string) *corev1.PodSpec {
	if p.Templates != nil {
		if spec, err := p.Templates.Of(node); err == nil {
			return spec
		}
	}
	return &corev1.PodSpec{}
}

func skipReason(policy NodePolicy, node *corev1.Node) execution.Reason {
	for _, check := range nodeChecks {
		if reason := check(policy, node); reason != "" {
			return reason
		}
	}
	return ""
}

func notReady(_ NodePolicy, node *corev1.Node) execution.Reason {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
			return ""
		}
	}
	return execution.NodeNotReady
}

func unschedulable(policy NodePolicy, node *corev1.Node) execution.Reason {
	if node.Spec.Unschedulable && !policy.RunOnUnscheduledNodes {
		return execution.NodeUnschedulable
	}
	return ""
}
