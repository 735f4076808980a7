package intake

import (
	"log/slog"
	"sync/atomic"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
)

// Results exports the stored results of node tasks.
type Results struct {
	store    Store
	exported *metrics.Results
	metrics  Metrics
	log      *slog.Logger
	// dropped is the last execution.ID of which series were dropped.
	dropped atomic.Value
}

// NewResults returns Results that export from a store.
func NewResults(store Store, exported *metrics.Results, m Metrics, log *slog.Logger) *Results {
	return &Results{store: store, exported: exported, metrics: m, log: log}
}

// Begin begins to export an execution. Its results are checked against the gauges of its
// plan.
func (r *Results) Begin(p execution.Plan) {
	r.use(p)
	r.exported.Begin(p.ID)
	r.exported.SetPods(len(p.Nodes))
}

func (r *Results) use(p execution.Plan) {
	in := p.Settings.Intake
	if in == nil {
		return
	}
	r.exported.Use(p.ID, in.Gauges, metrics.Limits{Samples: in.SamplesPerResult, LabelSets: in.LabelSets, LabelValue: in.LabelSize})
}

// Drop ends the export of an execution.
func (r *Results) Drop(id execution.ID) { r.exported.Drop(id) }

// Forget ends the export of all executions: another replica leads.
func (r *Results) Forget() { r.exported.Keep(nil) }

// Set replaces the exported samples of a node task.
func (r *Results) Set(key execution.Key, samples metrics.Samples) {
	r.countDropped(key, r.exported.SetResult(key, samples))
}

// SetTask exports the duration of a node task, and whether it is bad.
func (r *Results) SetTask(key execution.Key, durationMS int64, bad bool) {
	r.countDropped(key, r.exported.SetTask(key, durationMS, bad))
}

func (r *Results) merge(key execution.Key, stored, body []byte, redact metrics.Redact) (merged metrics.Result, unreadable, err error) {
	return r.exported.Merge(key, stored, body, redact)
}

// Has reports whether a result of the node task is stored.
func (r *Results) Has(key execution.Key) bool { return r.store.HasResult(key) }

// Find exports a stored result that this process did not store: an earlier leader stored
// it after this one had read the directory. It reports whether there is a result.
func (r *Results) Find(key execution.Key) (found bool) {
	if !r.store.HasResult(key) {
		return false
	}
	for _, body := range r.store.Results(key.Execution, []string{key.Node}) {
		r.exportStored(key, body)
	}
	return true
}

// exportStored exports a result from the disk, and reports whether it could be decoded.
func (r *Results) exportStored(key execution.Key, body []byte) (exported bool) {
	samples, err := r.exported.DecodeStored(key, body)
	if err != nil {
		// Other gauges may have been configured when the result was sent.
		r.log.Debug("stored result not exported", "execution", key.Execution, "node", key.Node, "error", err)
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
	for node, body := range r.store.Results(report.ID, nodes) {
		key, t := execution.Key{Execution: report.ID, Node: node}, tasks[node]
		r.exportStored(key, body) // it may have changed since it was exported
		if !t.Reported {
			t.Reported, t.Heard, found = true, true, true
			r.SetTask(key, t.DurationMS, t.Bad())
		}
	}
	return found
}

// countDropped counts series that are no longer exported, or never were.
func (r *Results) countDropped(key execution.Key, dropped int) {
	if dropped == 0 {
		return
	}
	r.metrics.SeriesDropped(dropped)
	log := r.log.Debug
	if r.dropped.Swap(key.Execution) != key.Execution { // one warning for each execution
		log = r.log.Warn
	}
	log("too many series: some are no longer exported, or never were",
		"execution", key.Execution, "node", key.Node, "dropped", dropped)
}
