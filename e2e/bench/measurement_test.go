//go:build e2e

package bench

import (
	"slices"
	"time"

	"github.com/batch-job-controller/batch-job-controller/e2e/api/rig"
)

// measurement is what came of one run.
type measurement struct {
	// wall is the time from the first Job that was seen to the end of the last
	// pod. What a contender does before it creates anything is left out: the
	// server fills its caches and writes a record, a Job controller is up.
	wall    time.Duration
	refills []time.Duration
	cpu     map[string]time.Duration // of the cluster's processes, during the run
	server  *serverMeasurement       // of the server alone
}

// measure reads off an audit. All contenders are seen with the same eyes, so
// that the delay of the watches is in all figures alike.
func measure(s *rig.State, refilledBy []time.Time, pool int) measurement {
	return measurement{
		wall:    slices.MaxFunc(s.PodsEnded, time.Time.Compare).Sub(s.JobsCreated[0]),
		refills: refills(s.PodsEnded, refilledBy, pool),
	}
}

// refills returns how long each slot stayed empty: the first pod to end makes
// room for the first that had to wait, and so on.
func refills(ended, created []time.Time, pool int) []time.Duration {
	var all []time.Duration
	for i := pool; i < len(created); i++ {
		// Two watches are not in step: one may tell of the effect first.
		all = append(all, max(created[i].Sub(ended[i-pool]), 0))
	}
	return all
}

// merged is what came of several runs of one contender: the median of the
// times, and all refills.
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
