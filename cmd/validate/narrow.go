package validate

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// narrowing returns the fields by which a pod template rules out nodes; empty: none.
// The name of the sample node stands for the name of each node.
func narrowing(spec corev1.PodSpec) string {
	var by []string
	if len(spec.NodeSelector) > 0 {
		by = append(by, "nodeSelector "+labels.FormatLabels(spec.NodeSelector))
	}
	if a := spec.Affinity; a != nil && a.NodeAffinity != nil && a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution != nil {
		by = append(by, "affinity.nodeAffinity")
	}
	if spec.OS != nil {
		by = append(by, "os "+string(spec.OS.Name))
	}
	if spec.NodeName != "" && spec.NodeName != sampleNode {
		by = append(by, "nodeName "+spec.NodeName)
	}
	return strings.Join(by, " and ")
}
