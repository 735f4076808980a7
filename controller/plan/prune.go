package plan

import (
	"slices"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Prune returns the closed executions to prune, and those whose Jobs alone are
// deleted. It keeps the newest history executions, open ones included, and the Jobs
// of the newest jobHistory closed ones, by ID. Open executions are never pruned.
func Prune(open, closed []execution.ID, history, jobHistory int) (drop, dropJobs []execution.ID) {
	closed = slices.Clone(closed)
	slices.Sort(closed)
	closed = slices.Compact(closed)
	keep := max(history-len(open), 0)
	border := max(len(closed)-keep, 0)
	drop, kept := closed[:border], closed[border:]
	dropJobs = kept[:max(len(kept)-jobHistory, 0)]
	return drop, dropJobs
}
