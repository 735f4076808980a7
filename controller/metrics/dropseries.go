package metrics

import (
	"cmp"
	"slices"
	"sync"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// budget bounds the series of all definitions together: they are in one process, and in
// one scrape. It has the lock of all their results, because room for the series of one
// definition is made by those of another.
type budget struct {
	mu      sync.RWMutex // guards what follows, and the Results
	most    int
	series  int                 // of the executions and the latest of all definitions
	results map[string]*Results // by definition
}

func newBudget(most int) *budget { return &budget{most: most, results: map[string]*Results{}} }

// isExceeded reports whether there are too many series. The caller holds the lock, as for
// all methods.
func (b *budget) isExceeded() bool { return b.series > b.most }

// shown is an execution with series.
type shown struct {
	results  *Results
	id       execution.ID
	isNewest bool // of its definition
}

// inOrder returns the executions with series, in the order in which they make room: the
// newest of each definition after all others, so that a definition with many executions
// does not displace one with few.
func (b *budget) inOrder() []shown {
	var all []shown
	for _, r := range b.results {
		newest := r.newestShown()
		for id, nodes := range r.executions {
			if len(nodes) > 0 {
				all = append(all, shown{r, id, id == newest})
			}
		}
	}
	slices.SortFunc(all, func(a, b shown) int {
		if a.isNewest != b.isNewest {
			if a.isNewest {
				return 1
			}
			return -1
		}
		return cmp.Compare(a.id, b.id)
	})
	return all
}

// makeRoom stops exporting executions until the series fit, but none that comes after an
// execution of a definition. It returns how many series it dropped. The latest values of
// the nodes stay.
func (b *budget) makeRoom(of *Results, id execution.ID) (dropped int) {
	if !b.isExceeded() {
		return 0
	}
	for _, next := range b.inOrder() {
		if !b.isExceeded() || next.results == of && next.id == id {
			break
		}
		dropped += next.results.dropSeries(next.id)
	}
	return dropped
}

// shrink drops series until all fit: those of all executions, and then the latest values
// of nodes.
func (b *budget) shrink() (dropped int) {
	if !b.isExceeded() {
		return 0
	}
	dropped = b.makeRoom(nil, "")
	for _, r := range b.results {
		for node, one := range r.latest {
			if !b.isExceeded() {
				return dropped
			}
			dropped += one.size()
			r.setLatest(node, newestShare{})
		}
	}
	return dropped
}

// newestShown returns the newest execution with series.
func (r *Results) newestShown() (newest execution.ID) {
	for id, nodes := range r.executions {
		if len(nodes) > 0 {
			newest = max(newest, id)
		}
	}
	return newest
}

// dropSeries stops exporting an execution.
func (r *Results) dropSeries(id execution.ID) (dropped int) {
	for _, s := range r.executions[id] {
		dropped += s.size()
	}
	clear(r.executions[id])
	r.budget.series -= dropped
	return dropped
}
