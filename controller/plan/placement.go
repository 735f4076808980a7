package plan

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
)

// Templates tells what the pod template comes to on a node.
type Templates interface {
	Of(node string) (*corev1.PodSpec, error)
}

// A placementRule reports whether a pod template keeps its pods off a node.
type placementRule func(*corev1.PodSpec, *corev1.Node) bool

var placementRules = []placementRule{
	namesAnother,
	selectsOthers,
	isForAnotherSystem,
}

// excludes reports whether the pod template keeps its pods off the node, as the
// DaemonSet controller judges: the scheduler would never place one there, or the
// kubelet would refuse it.
func excludes(spec *corev1.PodSpec, node *corev1.Node) bool {
	for _, rule := range placementRules {
		if rule(spec, node) {
			return true
		}
	}
	return false
}

// namesAnother is for nodeName.
func namesAnother(spec *corev1.PodSpec, node *corev1.Node) bool {
	return spec.NodeName != "" && spec.NodeName != node.Name
}

// selectsOthers is for nodeSelector and the required node affinity. One that does
// not parse excludes nothing: the API server says what is wrong with it. One
// without terms excludes nothing either, as the Job gets one for its node.
func selectsOthers(spec *corev1.PodSpec, node *corev1.Node) bool {
	affinity := spec.Affinity
	if affinity != nil && affinity.NodeAffinity != nil {
		if required := affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution; required != nil && len(required.NodeSelectorTerms) == 0 {
			affinity = nil
		}
	}
	matches, err := nodeaffinity.NewRequiredNodeAffinity(spec.NodeSelector, affinity).Match(node)
	return err == nil && !matches
}

// isForAnotherSystem is for os, which the scheduler does not look at, but the
// kubelet does. A node that does not say what it runs may be any.
func isForAnotherSystem(spec *corev1.PodSpec, node *corev1.Node) bool {
	system, says := node.Labels[corev1.LabelOSStable]
	return spec.OS != nil && says && string(spec.OS.Name) != system
}
