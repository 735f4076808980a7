package plan

import (
	"slices"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Prune returns which of the closed executions are dropped altogether, and of
// which only the Jobs are deleted. The newest are kept: history executions,
// and the Jobs of jobHistory closed ones. An open execution counts, and is
// never dropped.
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
