package plan

import (
	"slices"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// History is the executions of a definition, and how many of them are kept.
type History struct {
	Open, Closed []execution.ID
	// IsPartial reports whether an execution is over some of the definition's nodes only. It
	// is asked of few.
	IsPartial func(execution.ID) bool
	Reports   int // reportHistory
	Jobs      int // jobHistory
}

// Prune returns the closed executions to prune, and those whose Jobs alone are
// deleted. It keeps the newest executions, open ones included, and the Jobs of the
// newest closed ones, by ID. Open executions are never pruned.
//
// If all that is kept is partial, the newest whole execution is kept as well: it is the
// latest, and metrics are about it.
func Prune(h History) (drop, dropJobs []execution.ID) {
	closed := slices.Clone(h.Closed)
	slices.Sort(closed)
	closed = slices.Compact(closed)
	keep := max(h.Reports-len(h.Open), 0)
	border := max(len(closed)-keep, 0)
	drop, kept := closed[:border], closed[border:]
	dropJobs = slices.Clone(kept[:max(len(kept)-h.Jobs, 0)])
	if h.Reports == 0 || slices.ContainsFunc(h.Open, h.isWhole) || slices.ContainsFunc(kept, h.isWhole) {
		return drop, dropJobs
	}
	for i, id := range slices.Backward(drop) {
		if h.isWhole(id) {
			return slices.Delete(drop, i, i+1), append(dropJobs, id)
		}
	}
	return drop, dropJobs
}

func (h History) isWhole(id execution.ID) bool { return !h.IsPartial(id) }
