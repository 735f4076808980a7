package metrics

import (
	"fmt"
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

var _ prometheus.Collector = (*Exports)(nil)

// Exports are the gauges of the job results of all definitions: a Results for each, which
// is found by the ID of an execution. What is said about an execution that is not known is
// ignored: it was dropped, or its definition was removed.
//
// An Exports is safe for concurrent use.
type Exports struct {
	budget *budget
	byID   map[execution.ID]*Results // guarded by the lock of the budget
}

// NewExports returns Exports without definitions. All series together do not exceed the
// given number; 0: MaxSeries.
func NewExports(series int) *Exports {
	return &Exports{budget: newBudget(Limits{Series: series}.WithDefaults().Series), byID: map[execution.ID]*Results{}}
}

// Limit replaces the limit of all series; 0: MaxSeries. It returns how many series it has
// dropped.
func (e *Exports) Limit(series int) (dropped int) {
	e.budget.mu.Lock()
	defer e.budget.mu.Unlock()
	e.budget.most = Limits{Series: series}.WithDefaults().Series
	return e.budget.shrink()
}

// Set replaces the options of a definition, or adds it. Gauges and the limits of a result
// apply to executions that begin from now on, the rest at once, also to what is exported
// already. The limit of all series is that of Limit. Set returns how many series it has
// dropped because there are too many.
func (e *Exports) Set(definition string, o ResultOptions) (dropped int) {
	e.budget.mu.Lock()
	defer e.budget.mu.Unlock()
	if r := e.budget.results[definition]; r != nil {
		return r.configure(o)
	}
	e.budget.results[definition] = newResults(definition, o, e.budget)
	return 0
}

// Remove ends the export of a definition, after its last execution has ended.
func (e *Exports) Remove(definition string) {
	e.budget.mu.Lock()
	defer e.budget.mu.Unlock()
	r := e.budget.results[definition]
	if r == nil {
		return
	}
	r.keep(nil)
	delete(e.budget.results, definition)
	maps.DeleteFunc(e.byID, func(_ execution.ID, of *Results) bool { return of == r })
}

// Has reports whether a definition is exported.
func (e *Exports) Has(definition string) bool {
	e.budget.mu.RLock()
	defer e.budget.mu.RUnlock()
	return e.budget.results[definition] != nil
}

// DefinitionOf returns whose execution it is.
func (e *Exports) DefinitionOf(id execution.ID) (definition string, known bool) {
	e.budget.mu.RLock()
	defer e.budget.mu.RUnlock()
	r := e.byID[id]
	if r == nil {
		return "", false
	}
	return r.definition, true
}

// Begin begins to export an execution of a definition. One that is over all nodes becomes
// the current one, unless a newer one has started. It keeps the gauges that are configured
// now, unless Use says otherwise.
func (e *Exports) Begin(definition string, id execution.ID, whole bool) {
	e.with(definition, id, func(r *Results) { r.begin(id, whole) })
}

// Use sets the gauges and the limits of samples that an execution of a definition began
// with: its results are checked against these. The limit of a body stays the current one.
func (e *Exports) Use(definition string, id execution.ID, gauges []Gauge, limits Limits) {
	e.with(definition, id, func(r *Results) { r.use(id, gauges, limits) })
}

// with notes whose the execution is.
func (e *Exports) with(definition string, id execution.ID, do func(*Results)) {
	e.budget.mu.Lock()
	defer e.budget.mu.Unlock()
	if r := e.budget.results[definition]; r != nil {
		e.byID[id] = r
		do(r)
	}
}

// SetPods records how many pods an execution has that is the current one of its
// definition.
func (e *Exports) SetPods(id execution.ID, n int) {
	e.in(id, func(r *Results) (dropped int) { r.pods = n; return 0 })
}

// SetResult replaces the node's result in the execution. If there are too many series, it
// drops those of older executions, or else does not export the result, and returns how many
// series that were.
func (e *Exports) SetResult(key execution.Key, samples Samples) (dropped int) {
	return e.in(key.Execution, func(r *Results) int { return r.setResult(key, samples) })
}

// SetTask records the outcome of the node task: how long it ran, and whether the node is
// bad. It returns the same as SetResult.
func (e *Exports) SetTask(key execution.Key, durationMS int64, bad bool) (dropped int) {
	return e.in(key.Execution, func(r *Results) int { return r.setTask(key, durationMS, bad) })
}

// in changes the results that an execution belongs to.
func (e *Exports) in(id execution.ID, do func(*Results) (dropped int)) (dropped int) {
	e.budget.mu.Lock()
	defer e.budget.mu.Unlock()
	if r := e.byID[id]; r != nil {
		return do(r)
	}
	return 0
}

// Keep drops all executions but these.
func (e *Exports) Keep(ids []execution.ID) {
	e.budget.mu.Lock()
	defer e.budget.mu.Unlock()
	for _, r := range e.budget.results {
		r.keep(ids)
	}
	maps.DeleteFunc(e.byID, func(id execution.ID, _ *Results) bool { return !slices.Contains(ids, id) })
}

// Drop drops an execution. If it was a node's newest, the node's latest values become those
// of the previous one of the definition.
func (e *Exports) Drop(id execution.ID) {
	e.budget.mu.Lock()
	defer e.budget.mu.Unlock()
	if r := e.byID[id]; r != nil {
		r.drop(id)
		delete(e.byID, id)
	}
}

// Merge is that of Results. The error wraps execution.ErrNotLeader if the execution is not
// known: this replica has become a standby meanwhile.
func (e *Exports) Merge(key execution.Key, stored, body []byte, redact Redact) (merged Result, unreadable, err error) {
	s, most, err := e.schemaOf(key.Execution)
	if err != nil {
		return merged, nil, err
	}
	return s.merge(key, stored, body, redact, most)
}

// DecodeStored is that of Results.
func (e *Exports) DecodeStored(key execution.Key, body []byte) (Samples, error) {
	s, _, err := e.schemaOf(key.Execution)
	if err != nil {
		return nil, err
	}
	return s.decodeStored(key, body)
}

// schemaOf returns what the results of an execution are checked against, and the limit of
// all series.
func (e *Exports) schemaOf(id execution.ID) (s *schema, most int, err error) {
	e.budget.mu.RLock()
	defer e.budget.mu.RUnlock()
	r := e.byID[id]
	if r == nil {
		return nil, 0, fmt.Errorf("%w: execution %s is not exported", execution.ErrNotLeader, id)
	}
	return r.schemaOf(id), e.budget.most, nil
}

// Describe implements prometheus.Collector. It describes the definitions of now.
func (e *Exports) Describe(ch chan<- *prometheus.Desc) {
	e.budget.mu.RLock()
	all := slices.Collect(maps.Values(e.budget.results))
	e.budget.mu.RUnlock()
	for _, r := range all {
		r.Describe(ch)
	}
}

// Collect implements prometheus.Collector. It does not block callbacks while a slow scraper
// reads.
func (e *Exports) Collect(ch chan<- prometheus.Metric) {
	for _, now := range e.snapshots() {
		now.collect(ch)
	}
}

// snapshots returns copies of all definitions at one moment: together they are within the
// limit of all series.
func (e *Exports) snapshots() (all []snapshot) {
	e.budget.mu.RLock()
	defer e.budget.mu.RUnlock()
	for _, r := range e.budget.results {
		all = append(all, r.snapshot())
	}
	return all
}
