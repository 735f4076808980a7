package plan

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
)

// Templates returns the pod template rendered for a node.
type Templates interface {
	Of(node string) (*corev1.PodSpec, error)
}

// A placementRule reports whether a pod template keeps its pods off a node.
type placementRule func(*corev1.PodSpec, *corev1.Node) bool

var placementRules = []placementRule{
	namesOtherNode,
	selectsOtherNodes,
	needsOtherOS,
}

// excludes reports whether the pod template keeps its pods off the node, as the
// DaemonSet controller does it: the scheduler would never place a pod there, or the
// kubelet would reject it.
func excludes(spec *corev1.PodSpec, node *corev1.Node) bool {
	for _, rule := range placementRules {
		if rule(spec, node) {
			return true
		}
	}
	return false
}

// namesOtherNode is for nodeName.
func namesOtherNode(spec *corev1.PodSpec, node *corev1.Node) bool {
	return spec.NodeName != "" && spec.NodeName != node.Name
}

// selectsOtherNodes is for nodeSelector and the required node affinity. An invalid
// affinity excludes nothing: the API server will say what is wrong with it. An
// affinity without terms excludes nothing either, as the Job gets a term for its
// node.
func selectsOtherNodes(spec *corev1.PodSpec, node *corev1.Node) bool {
	affinity := spec.Affinity
	if affinity != nil && affinity.NodeAffinity != nil {
		if required := affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution; required != nil && len(required.NodeSelectorTerms) == 0 {
			affinity = nil
		}
	}
	matches, err := nodeaffinity.NewRequiredNodeAffinity(spec.NodeSelector, affinity).Match(node)
	return err == nil && !matches
}

// needsOtherOS is for os, which the scheduler ignores and the kubelet enforces. A
// node without the label matches any.
func needsOtherOS(spec *corev1.PodSpec, node *corev1.Node) bool {
	system, labeled := node.Labels[corev1.LabelOSStable]
	return spec.OS != nil && labeled && string(spec.OS.Name) != system
}
