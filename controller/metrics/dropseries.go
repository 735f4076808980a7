package metrics

import (
	"maps"
	"slices"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// makeRoom stops exporting executions older than newest, oldest first, until the series
// fit. It returns how many series it dropped. The latest values of the nodes stay. The
// caller holds r.mu.
func (r *Results) makeRoom(newest execution.ID) (dropped int) {
	if r.series <= r.maxSeries {
		return 0
	}
	for _, id := range slices.Sorted(maps.Keys(r.executions)) {
		if r.series <= r.maxSeries || id >= newest {
			break
		}
		dropped += r.dropSeries(id)
	}
	return dropped
}

// shrink drops series until all fit: those of the newest execution after the others, and
// then the latest values of nodes. The caller holds r.mu.
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
