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
	if p.Partial {
		text += "; partial: no other node was asked for"
	}
	if left := notTaking(p); left != "" {
		text += "; " + left
	}
	return text + askedFor(p)
}

// askedFor says who asked for the execution, and why, as far as is known. The reason comes
// last: it may be long.
func askedFor(p execution.Plan) (text string) {
	if p.RequestedBy != "" {
		text += "; requested by " + p.RequestedBy
	}
	if p.Reason != "" {
		text += "; reason: " + p.Reason
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
	return "no node takes part: " + which + askedFor(p)
}

// notTaking counts, by reason, the nodes that match jobNodeSelector and do not take part.
// It returns nothing if there are none.
func notTaking(p execution.Plan) string {
	counts := map[execution.Reason]int{}
	for _, s := range p.Skipped {
		counts[s.Reason]++
	}
	var parts []string
	switch {
	case p.Excluded > 0 && p.Partial:
		parts = append(parts, fmt.Sprintf("%d kept out by jobNodeSelector or the pod template", p.Excluded))
	case p.Excluded > 0:
		parts = append(parts, fmt.Sprintf("%d excluded by the pod template (nodeSelector, node affinity, os or nodeName)", p.Excluded))
	}
	for _, reason := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d skipped as %s", counts[reason], reason))
	}
	return strings.Join(parts, ", ")
}
