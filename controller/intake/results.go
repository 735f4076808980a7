package intake

import (
	"cmp"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// ResultsOptions are the dependencies of Results.
type ResultsOptions struct {
	Store   Store
	Exports *metrics.Exports
	// Default is the definition of executions that do not say whose they are: they began
	// before that was stored.
	Default string
	Metrics Metrics
	Log     *slog.Logger
}

// Results exports the stored results of node tasks.
type Results struct {
	ResultsOptions
	// dropped is the last execution.ID of which series were dropped.
	dropped atomic.Value

	mu    sync.Mutex
	found map[execution.ID]stored // what Rebuild has found
}

// NewResults returns Results.
func NewResults(o ResultsOptions) *Results { return &Results{ResultsOptions: o} }

// Begin begins to export an execution. Its results are checked against the gauges of its
// plan.
func (r *Results) Begin(p execution.Plan) {
	r.begin(p.ID, p.About(false))
	r.setPods(p.ID, p.Partial, len(p.Nodes))
}

func (r *Results) begin(id execution.ID, about execution.About) {
	definition := cmp.Or(about.NodeCronJob, r.Default)
	if in := about.Intake; in != nil {
		r.Exports.Use(definition, id, in.Gauges, metrics.Limits{Samples: in.SamplesPerResult, LabelSets: in.LabelSets, LabelValue: in.LabelSize})
	}
	r.Exports.Begin(definition, id, plan.Follows(plan.Followed{Partial: about.Partial}).PodsGauge)
}

// setPods exports the number of pods, unless the execution is over some nodes only.
func (r *Results) setPods(id execution.ID, partial bool, n int) {
	if plan.Follows(plan.Followed{Partial: partial}).PodsGauge {
		r.Exports.SetPods(id, n)
	}
}

// Drop ends the export of an execution.
func (r *Results) Drop(id execution.ID) { r.Exports.Drop(id) }

// Forget ends the export of all executions: another replica leads.
func (r *Results) Forget() {
	r.Exports.Keep(nil)
	r.remember(nil)
}

// Set replaces the exported samples of a node task.
func (r *Results) Set(key execution.Key, samples metrics.Samples) {
	r.countDropped(key, r.Exports.SetResult(key, samples))
}

// SetTask exports the duration of a node task, and whether it is bad.
func (r *Results) SetTask(key execution.Key, durationMS int64, bad bool) {
	r.countDropped(key, r.Exports.SetTask(key, durationMS, bad))
}

func (r *Results) merge(key execution.Key, stored, body []byte, redact metrics.Redact) (merged metrics.Result, unreadable, err error) {
	return r.Exports.Merge(key, stored, body, redact)
}

// Has reports whether a result of the node task is stored.
func (r *Results) Has(key execution.Key) bool { return r.Store.HasResult(key) }

// Find exports a stored result that this process did not store: an earlier leader stored
// it after this one had read the directory. It reports whether there is a result.
func (r *Results) Find(key execution.Key) (found bool) {
	if !r.Store.HasResult(key) {
		return false
	}
	for _, body := range r.Store.Results(key.Execution, []string{key.Node}) {
		r.exportStored(key, body)
	}
	return true
}

// exportStored exports a result from the disk, and reports whether it could be decoded.
func (r *Results) exportStored(key execution.Key, body []byte) (exported bool) {
	samples, err := r.Exports.DecodeStored(key, body)
	if err != nil {
		// Other gauges may have been configured when the result was sent.
		r.Log.Debug("stored result not exported", "execution", key.Execution, "node", key.Node, "error", err)
		return false
	}
	r.Set(key, samples)
	return true
}

// AddLate exports results that another replica has stored since this one read them, and
// adds them to the written report. That replica lost the Lease, and has not noticed the new
// leader yet. No further results follow, because it acknowledges none once the report
// exists.
func (r *Results) AddLate(report execution.Report) (found bool) {
	tasks, nodes := map[string]*execution.TaskReport{}, []string{}
	for i, t := range report.Tasks {
		if t.State != execution.Skipped {
			tasks[t.Node], nodes = &report.Tasks[i], append(nodes, t.Node)
		}
	}
	if len(nodes) == 0 {
		return false
	}
	for node, body := range r.Store.Results(report.ID, nodes) {
		key, t := execution.Key{Execution: report.ID, Node: node}, tasks[node]
		r.exportStored(key, body) // it may have changed since it was exported
		if !t.Reported {
			t.Reported, t.Heard, found = true, true, true
			r.SetTask(key, t.DurationMS, t.Bad())
		}
	}
	return found
}

// countStored counts the samples of a result.
func (r *Results) countStored(id execution.ID, samples int) {
	if definition, ok := r.Exports.DefinitionOf(id); ok {
		r.Metrics.ResultStored(definition, samples)
	}
}

// countDropped counts series that are no longer exported, or never were.
func (r *Results) countDropped(key execution.Key, dropped int) {
	if dropped == 0 {
		return
	}
	r.Metrics.SeriesDropped(dropped)
	log := r.Log.Debug
	if r.dropped.Swap(key.Execution) != key.Execution { // one warning for each execution
		log = r.Log.Warn
	}
	log("too many series: some are no longer exported, or never were",
		"execution", key.Execution, "node", key.Node, "dropped", dropped)
}
