package metrics

import (
	"maps"
	"slices"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// newestShare is a node's newest samples and task. They may be of different executions,
// and stay when the series of those executions are dropped to make room.
type newestShare struct {
	share
	samplesOf, taskOf execution.ID
}

// follow updates the latest values of a node after its share of an execution has
// changed to now. A result counts as a whole: a label set that the node no longer reports
// is not among its latest values. The caller holds the lock.
func (r *Results) follow(key execution.Key, now share) {
	if !r.withLatest {
		return
	}
	one := r.latest[key.Node]
	switch {
	case now.samples != nil && key.Execution >= one.samplesOf:
		one.samples, one.schema, one.samplesOf = now.samples, now.schema, key.Execution
	case now.samples == nil && key.Execution == one.samplesOf:
		one = r.withOlderSamples(key.Node, one)
	}
	switch {
	case now.task != nil && key.Execution >= one.taskOf:
		one.task, one.taskOf = now.task, key.Execution
	case now.task == nil && key.Execution == one.taskOf:
		one = r.withOlderTask(key.Node, one)
	}
	r.setLatest(key.Node, one)
}

// forget is called after an execution was removed: nodes whose latest values are of that
// execution get those of an older one. The caller holds the lock.
func (r *Results) forget(id execution.ID) {
	for node, one := range r.latest {
		if one.samplesOf == id {
			one = r.withOlderSamples(node, one)
		}
		if one.taskOf == id {
			one = r.withOlderTask(node, one)
		}
		r.setLatest(node, one)
	}
}

func (r *Results) withOlderSamples(node string, one newestShare) newestShare {
	older, id := r.newestWith(node, func(s share) bool { return s.samples != nil })
	one.samples, one.schema, one.samplesOf = older.samples, older.schema, id
	return one
}

func (r *Results) withOlderTask(node string, one newestShare) newestShare {
	older, id := r.newestWith(node, func(s share) bool { return s.task != nil })
	one.task, one.taskOf = older.task, id
	return one
}

// newestWith returns a node's newest share that has a part, and its execution. The caller
// holds the lock.
func (r *Results) newestWith(node string, has func(share) bool) (share, execution.ID) {
	for _, id := range slices.Backward(slices.Sorted(maps.Keys(r.executions))) {
		if one := r.executions[id][node]; has(one) {
			return one, id
		}
	}
	return share{}, ""
}

// setLatest replaces the latest of a node. The caller holds the lock.
func (r *Results) setLatest(node string, one newestShare) {
	r.budget.series += one.size() - r.latest[node].size()
	if one.size() == 0 && one.samplesOf == "" {
		delete(r.latest, node)
		return
	}
	r.latest[node] = one
}

// rebuildLatest computes the latest values of all nodes again, or drops them if they are
// not enabled. The caller holds the lock.
func (r *Results) rebuildLatest() {
	for node := range r.latest {
		r.setLatest(node, newestShare{})
	}
	for _, id := range slices.Sorted(maps.Keys(r.executions)) {
		for node, one := range r.executions[id] {
			r.follow(execution.Key{Execution: id, Node: node}, one)
		}
	}
}
