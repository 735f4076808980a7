package plan

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// NodePolicy says which nodes take part.
type NodePolicy struct {
	Selector              map[string]string
	RunOnUnscheduledNodes bool
}

// A nodeCheck returns why a node that the selector matches is left out, or
// nothing.
type nodeCheck func(NodePolicy, *corev1.Node) execution.Reason

var nodeChecks = []nodeCheck{
	notReady,      // its kubelet would not start the pod
	unschedulable, // somebody is about to work on it
}

// SelectNodes returns the nodes that take part in an execution, and those that
// the selector matches and that are left out. Both are ordered by name: the
// order is frozen into the execution record.
func SelectNodes(policy NodePolicy, nodes []*corev1.Node) (taking []execution.Node, left []execution.Skip) {
	selector := labels.SelectorFromSet(policy.Selector)
	for _, node := range nodes {
		if !selector.Matches(labels.Set(node.Labels)) || node.DeletionTimestamp != nil {
			continue
		}
		if reason := leaveOut(policy, node); reason != "" {
			left = append(left, execution.Skip{Node: node.Name, Reason: reason})
			continue
		}
		taking = append(taking, execution.Node{Name: node.Name, UID: string(node.UID), Taints: taintsToTolerate(node)})
	}
	slices.SortFunc(taking, func(a, b execution.Node) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(left, func(a, b execution.Skip) int { return strings.Compare(a.Node, b.Node) })
	return taking, left
}

func leaveOut(policy NodePolicy, node *corev1.Node) execution.Reason {
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

// taintsToTolerate returns the taints that keep the scheduler from placing the
// pod on the node it is meant for. The unschedulable taint is not among them:
// runOnUnscheduledNodes decides on that one. NoExecute taints are not either:
// they are put on nodes that pods have to leave.
func taintsToTolerate(node *corev1.Node) []execution.Taint {
	var taints []execution.Taint
	for _, taint := range node.Spec.Taints {
		if taint.Effect == corev1.TaintEffectNoSchedule && taint.Key != corev1.TaintNodeUnschedulable {
			taints = append(taints, execution.Taint{Key: taint.Key, Value: taint.Value})
		}
	}
	return taints
}
