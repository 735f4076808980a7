package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

var _ prometheus.Collector = (*Results)(nil)

// Results are the gauges of what the jobs report. They are a collector over
// maps, not vectors of gauges: to replace what a node said, or to drop an
// execution, is then one assignment, and no series can be left behind.
//
// A Results is safe for concurrent use.
type Results struct {
	gauges     map[string]gauge
	withLatest bool
	info       prometheus.Metric
	infoDesc   *prometheus.Desc
	processing *prometheus.Desc
	duration   *prometheus.Desc
	podsDesc   *prometheus.Desc
	current    *prometheus.Desc

	mu         sync.RWMutex // guards what follows
	executions map[execution.ID]map[string]share
	newest     execution.ID // that began; empty: none did
	pods       int          // of the newest; -1: not known yet
}

// share is what one node contributed to one execution. It is replaced, never
// changed: a scrape reads it without the lock.
type share struct {
	samples Samples // nil: none were reported
	task    *taskState
}

type taskState struct {
	durationMS int64
	bad        bool
}

// Samples are what one node reported, in its order.
type Samples []Sample

// Sample is one value of one gauge.
type Sample struct {
	Gauge  string
	Labels []string // values, in the order of the gauge's labels
	Value  float64
}

// NewResults returns a collector without results. A gauge that cannot be, for
// example because of its name, is an error when the collector is registered.
func NewResults(o ResultOptions) *Results {
	r := &Results{
		gauges:     make(map[string]gauge, len(o.Gauges)),
		withLatest: o.Latest,
		processing: newDesc(o.Prefix, "processing", "Node with processing error, 1: has error / 0: no error", labelNode, labelExecution),
		duration:   newDesc(o.Prefix, "duration", "Execution Duration in milliseconds", labelNode, labelExecution),
		podsDesc:   newDesc(o.Prefix, "pods", "The number of pods started for the last execution"),
		current:    newDesc(o.Prefix, "current_execution_id", "The current execution ID"),
		executions: map[execution.ID]map[string]share{},
		pods:       -1,
	}
	r.infoDesc, r.info = newInfo(o.Prefix, o.Info)
	for _, g := range o.Gauges {
		r.gauges[g.Name] = newGauge(o.Prefix, g)
	}
	return r
}

// Begin makes an execution the current one, unless a newer one has begun.
func (r *Results) Begin(id execution.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.newest = max(r.newest, id)
}

// SetPods takes down how many pods the current execution has.
func (r *Results) SetPods(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pods = n
}

// SetResult replaces all that the node reported in the execution.
func (r *Results) SetResult(key execution.Key, samples Samples) {
	r.change(key, func(s *share) { s.samples = samples })
}

// SetTask takes down how the node task went: how long it has run, and whether
// it failed or never reported.
func (r *Results) SetTask(key execution.Key, durationMS int64, bad bool) {
	r.change(key, func(s *share) { s.task = &taskState{durationMS: durationMS, bad: bad} })
}

func (r *Results) change(key execution.Key, f func(*share)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	nodes := r.executions[key.Execution]
	if nodes == nil {
		nodes = map[string]share{}
		r.executions[key.Execution] = nodes
	}
	s := nodes[key.Node]
	f(&s)
	nodes[key.Node] = s
}

// Drop forgets an execution. Nodes whose newest it was have the one before as
// their latest then.
func (r *Results) Drop(id execution.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.executions, id)
}
