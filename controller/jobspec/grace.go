package jobspec

import (
	"time"

	"k8s.io/utils/ptr"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

const (
	// defaultGrace is the default grace period, in seconds.
	defaultGrace = 30
	// maxGrace bounds what a sum of a few of them may come to.
	maxGrace = 365 * 24 * 60 * 60
)

// Grace returns the duration of a pod's terminationGracePeriodSeconds.
func Grace(seconds *int64) time.Duration {
	return time.Duration(min(max(ptr.Deref(seconds, defaultGrace), 0), maxGrace)) * time.Second
}

// LongestGrace returns the longest grace period of an execution's pods. A node whose template
// cannot be rendered has none.
func LongestGrace(p execution.Plan, namespace string) (longest time.Duration) {
	template, err := templateOf(p.Settings)
	if err != nil {
		return 0
	}
	specs := NewPodSpecs(template, namespace, p.ID)
	for _, node := range p.Nodes {
		if spec, err := specs.Of(node.Name); err == nil {
			longest = max(longest, Grace(spec.TerminationGracePeriodSeconds))
		}
	}
	return longest
}
