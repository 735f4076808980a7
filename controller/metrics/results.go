package metrics

import (
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

var _ prometheus.Collector = (*Results)(nil)

// Results are the gauges of the job results of one definition. They are a collector over
// maps, not vectors of gauges: replacing a node's result or dropping an
// execution is one assignment, and no series can be left behind.
//
// A Results is safe for concurrent use.
type Results struct {
	definition string // its name
	prefix     string
	processing *prometheus.Desc
	duration   *prometheus.Desc
	podsDesc   *prometheus.Desc
	currentID  *prometheus.Desc

	budget     *budget // its lock guards what follows
	withLatest bool
	info       prometheus.Metric
	infoDesc   *prometheus.Desc
	current    *schema // of executions that start from now on
	lastUsed   *schema // the last one that Use set
	schemas    map[execution.ID]*schema
	helps      map[string]string           // of all gauges so far, by name
	descs      map[string]*prometheus.Desc // of these gauges, by name and labels; replaced, never changed
	executions map[execution.ID]map[string]share
	latest     map[string]newestShare // by node, if enabled
	newest     execution.ID           // the newest execution over all nodes; empty: none
	pods       int                    // of the newest; -1: not known yet
}

// Samples are the samples of a node, in its order.
type Samples []Sample

// Sample is a value of a gauge.
type Sample struct {
	Gauge  string
	Labels []string // values, in the order of the gauge's labels
	Value  float64
}

// NewResults returns a collector without results, with a budget of its own. An invalid
// gauge, for example by its name, is an error when the collector is registered.
func NewResults(o ResultOptions) *Results {
	b := newBudget(o.Limits.WithDefaults().Series)
	r := newResults("", o, b)
	b.results[""] = r
	return r
}

// newResults returns results that share a budget. The caller holds its lock, if others
// have it too.
func newResults(definition string, o ResultOptions, b *budget) *Results {
	r := &Results{
		definition: definition,
		budget:     b,
		schemas:    map[execution.ID]*schema{},
		helps:      map[string]string{},
		descs:      map[string]*prometheus.Desc{},
		executions: map[execution.ID]map[string]share{},
		latest:     map[string]newestShare{},
		pods:       -1,
	}
	r.configure(o)
	return r
}

// CheckGauges reports whether gauges can be exported beside the controller's own
// metrics.
func CheckGauges(o ResultOptions) error {
	registry := prometheus.NewRegistry()
	New(registry)
	WatchStore(registry, nil)
	return registry.Register(NewResults(o))
}

// Begin makes an execution the current one, unless a newer one has started. It
// keeps the gauges that are configured now, unless it has its own.
func (r *Results) Begin(id execution.ID) {
	r.budget.mu.Lock()
	defer r.budget.mu.Unlock()
	r.begin(id, true)
}

// begin is Begin for callers that hold the lock. An execution over some nodes only never
// is the current one.
func (r *Results) begin(id execution.ID, whole bool) {
	if whole {
		r.newest = max(r.newest, id)
	}
	r.schemas[id] = r.schemaOf(id)
}

// SetPods records how many pods the current execution has.
func (r *Results) SetPods(n int) {
	r.budget.mu.Lock()
	defer r.budget.mu.Unlock()
	r.pods = n
}

// SetResult replaces the node's result in the execution. If there are too many series,
// it drops those of older executions, or else does not export the result, and returns
// how many series that were.
func (r *Results) SetResult(key execution.Key, samples Samples) (dropped int) {
	r.budget.mu.Lock()
	defer r.budget.mu.Unlock()
	return r.setResult(key, samples)
}

func (r *Results) setResult(key execution.Key, samples Samples) (dropped int) {
	s := r.executions[key.Execution][key.Node]
	s.samples, s.schema = samples, r.schemaOf(key.Execution)
	if dropped = r.put(key, s); r.budget.isExceeded() {
		s.samples, s.schema = nil, nil
		dropped += len(samples) + r.put(key, s)
	}
	return dropped
}

// SetTask records the outcome of the node task: how long it ran, and whether
// the node is bad. It returns the same as SetResult.
func (r *Results) SetTask(key execution.Key, durationMS int64, bad bool) (dropped int) {
	r.budget.mu.Lock()
	defer r.budget.mu.Unlock()
	return r.setTask(key, durationMS, bad)
}

func (r *Results) setTask(key execution.Key, durationMS int64, bad bool) (dropped int) {
	s := r.executions[key.Execution][key.Node]
	s.task = &taskState{durationMS: durationMS, bad: bad}
	if dropped = r.put(key, s); r.budget.isExceeded() {
		s.task = nil
		dropped += ofTask + r.put(key, s)
	}
	return dropped
}

// put replaces a node's share of an execution, and drops older series if there are too
// many. The caller holds the lock.
func (r *Results) put(key execution.Key, s share) (dropped int) {
	nodes := r.executions[key.Execution]
	if nodes == nil {
		nodes = map[string]share{}
		r.executions[key.Execution] = nodes
	}
	r.budget.series += s.size() - nodes[key.Node].size()
	nodes[key.Node] = s
	r.follow(key, s)
	return r.budget.makeRoom(r, key.Execution)
}

// Keep drops all executions but these.
func (r *Results) Keep(ids []execution.ID) {
	r.budget.mu.Lock()
	defer r.budget.mu.Unlock()
	r.keep(ids)
}

func (r *Results) keep(ids []execution.ID) {
	for id := range r.executions {
		if !slices.Contains(ids, id) {
			r.drop(id)
		}
	}
	maps.DeleteFunc(r.schemas, func(id execution.ID, _ *schema) bool { return !slices.Contains(ids, id) })
	if !slices.Contains(ids, r.newest) {
		r.newest, r.pods = "", -1
	}
}

// Drop drops an execution. If it was a node's newest, the node's latest values become
// those of the previous one.
func (r *Results) Drop(id execution.ID) {
	r.budget.mu.Lock()
	defer r.budget.mu.Unlock()
	r.drop(id)
}

// drop is Drop for callers that hold the lock.
func (r *Results) drop(id execution.ID) {
	r.dropSeries(id)
	delete(r.executions, id)
	delete(r.schemas, id)
	r.forget(id)
	r.budget.shrink() // older results of the nodes may be larger
}
