package metrics

import (
	"maps"
	"slices"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// makeRoom stops exporting the oldest executions of those that are older than
// one, until what is left fits. It returns how many series that were. The latest
// of their nodes stays. The caller holds r.mu.
func (r *Results) makeRoom(than execution.ID) (dropped int) {
	if r.series <= r.maxSeries {
		return 0
	}
	for _, id := range slices.Sorted(maps.Keys(r.executions)) {
		if r.series <= r.maxSeries || id >= than {
			break
		}
		dropped += r.dropSeries(id)
	}
	return dropped
}

// shrink makes all fit, if need be without the newest execution and then without
// the latest of each node. The caller holds r.mu.
func (r *Results) shrink() (dropped int) {
	dropped = r.makeRoom(r.newestShown())
	if r.series > r.maxSeries {
		dropped += r.dropSeries(r.newestShown())
	}
	for node, one := range r.latest {
		if r.series <= r.maxSeries {
			break
		}
		dropped += one.size()
		r.setLatest(node, newestShare{})
	}
	return dropped
}

func (r *Results) newestShown() (newest execution.ID) {
	for id := range r.executions {
		newest = max(newest, id)
	}
	return newest
}

// dropSeries stops exporting an execution. The caller holds r.mu.
func (r *Results) dropSeries(id execution.ID) (dropped int) {
	for _, s := range r.executions[id] {
		dropped += s.size()
	}
	clear(r.executions[id])
	r.series -= dropped
	return dropped
}
