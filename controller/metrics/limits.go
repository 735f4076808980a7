package metrics

import (
	"cmp"
	"maps"
	"slices"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Limits bounds what nodes may report. A field that is zero has its default.
type Limits struct {
	Body       int64 // bytes of a result; MaxBody
	Samples    int   // of a result; MaxSamples
	LabelSets  int   // of one gauge in a result; MaxLabelSets
	LabelValue int   // bytes; MaxLabelValue
	Series     int   // samples of all results that are exported; MaxSeries
}

// MaxSeries is how many samples are exported unless Limits say otherwise.
const MaxSeries = 200_000

func (l Limits) withDefaults() Limits {
	return Limits{
		Body:       cmp.Or(l.Body, MaxBody),
		Samples:    cmp.Or(l.Samples, MaxSamples),
		LabelSets:  cmp.Or(l.LabelSets, MaxLabelSets),
		LabelValue: cmp.Or(l.LabelValue, MaxLabelValue),
		Series:     cmp.Or(l.Series, MaxSeries),
	}
}

// makeRoom makes room for series of an execution, for which older ones give
// way, the oldest first. It returns how many series it has dropped and whether
// there is room now. The caller holds r.mu.
func (r *Results) makeRoom(id execution.ID, n int) (dropped int, ok bool) {
	fits := func() bool { return r.series+n <= r.maxSeries }
	if fits() {
		return 0, true
	}
	for _, old := range slices.Sorted(maps.Keys(r.executions)) {
		if fits() || old >= id {
			break
		}
		dropped += r.dropSamples(old)
	}
	return dropped, fits()
}

// dropSamples stops exporting the results of an execution. How its node tasks
// went is still shown. The caller holds r.mu.
func (r *Results) dropSamples(id execution.ID) (dropped int) {
	nodes := r.executions[id]
	for node, s := range nodes {
		dropped += len(s.samples)
		s.samples = nil
		nodes[node] = s
	}
	r.series -= dropped
	return dropped
}
