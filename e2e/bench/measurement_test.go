//go:build e2e

package bench

import (
	"slices"
	"time"

	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig/audit"
)

// measurement is the outcome of one run.
type measurement struct {
	// wall is the time from the first observed Job to the end of the last pod. It excludes
	// the preparation: the server fills its caches and writes a record, whereas the Job
	// controller runs already.
	wall    time.Duration
	refills []time.Duration
	cpu     map[string]time.Duration // of the cluster's processes, during the run
	server  *serverMeasurement       // of the server alone
}

// measure computes the measurement from an audit. All contenders are observed by the same
// watches, so that all figures include the same delay.
func measure(s *audit.State, refilledBy []time.Time, pool int) measurement {
	return measurement{
		wall:    slices.MaxFunc(s.PodsEnded, time.Time.Compare).Sub(s.JobsCreated[0]),
		refills: refills(s.PodsEnded, refilledBy, pool),
	}
}

// refills returns how long each slot stayed empty: the first pod that ends frees the slot
// of the first waiting pod, and so on.
func refills(ended, created []time.Time, pool int) []time.Duration {
	var all []time.Duration
	for i := pool; i < len(created); i++ {
		// Two watches have different delays: one may show the effect before the cause.
		all = append(all, max(created[i].Sub(ended[i-pool]), 0))
	}
	return all
}

// merged combines several runs of one contender: the median of the times, and all
// refills.
func merged(runs []measurement) measurement {
	all := runs[len(runs)/2]
	walls := make([]time.Duration, 0, len(runs))
	all.refills = nil
	for _, run := range runs {
		walls = append(walls, run.wall)
		all.refills = append(all.refills, run.refills...)
	}
	slices.Sort(walls)
	all.wall = (walls[(len(walls)-1)/2] + walls[len(walls)/2]) / 2
	slices.Sort(all.refills)
	return all
}

// percentile returns the value below which p percent of the sorted values lie.
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)*p/100, len(sorted)-1)]
}
