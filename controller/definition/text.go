package definition

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func startedText(p execution.Plan) string {
	text := fmt.Sprintf("%d nodes, %d at a time", len(p.Nodes), p.Settings.PodPoolSize)
	if left := notTaking(p); left != "" {
		text += "; " + left
	}
	return text
}

// noNodesText says why no node of the cluster takes part.
func noNodesText(selector map[string]string, p execution.Plan) string {
	which := "the cluster has none"
	if len(selector) > 0 {
		which = fmt.Sprintf("none has the labels of jobNodeSelector, %s", labels.FormatLabels(selector))
	}
	if left := notTaking(p); left != "" {
		which = left
	}
	return "no node takes part: " + which
}

// notTaking counts, by reason, the nodes that match jobNodeSelector and do not take part.
// It returns nothing if there are none.
func notTaking(p execution.Plan) string {
	counts := map[execution.Reason]int{}
	for _, s := range p.Skipped {
		counts[s.Reason]++
	}
	var parts []string
	if p.Excluded > 0 {
		parts = append(parts, fmt.Sprintf("%d excluded by the pod template (nodeSelector, node affinity, os or nodeName)", p.Excluded))
	}
	for _, reason := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d skipped as %s", counts[reason], reason))
	}
	return strings.Join(parts, ", ")
}
