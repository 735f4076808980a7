package intake

import (
	"log/slog"
	"sync/atomic"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
)

// Results are what is stored of the node tasks' results, and what is exported of
// them.
type Results struct {
	store    Store
	exported *metrics.Results
	metrics  Metrics
	log      *slog.Logger
	// dropped is the execution.ID in which series were dropped last.
	dropped atomic.Value
}

// NewResults returns results that are exported.
func NewResults(store Store, exported *metrics.Results, m Metrics, log *slog.Logger) *Results {
	return &Results{store: store, exported: exported, metrics: m, log: log}
}

// Begin begins to export an execution. Its results are checked against the gauges
// that it began with.
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

// Drop exports nothing of an execution any more.
func (r *Results) Drop(id execution.ID) { r.exported.Drop(id) }

// Forget exports nothing any more: another replica leads.
func (r *Results) Forget() { r.exported.Keep(nil) }

// Set replaces what a node exports.
func (r *Results) Set(key execution.Key, samples metrics.Samples) {
	r.countDropped(key, r.exported.SetResult(key, samples))
}

// SetTask exports how a node task went.
func (r *Results) SetTask(key execution.Key, durationMS int64, bad bool) {
	r.countDropped(key, r.exported.SetTask(key, durationMS, bad))
}

func (r *Results) merge(key execution.Key, stored, body []byte, redact metrics.Redact) (merged metrics.Result, unreadable, err error) {
	return r.exported.Merge(key, stored, body, redact)
}

// Has reports whether a result of the node task is stored.
func (r *Results) Has(key execution.Key) bool { return r.store.HasResult(key) }

// Find exports a result that is stored and that this process did not take: an
// earlier leader did, after this one had looked. It reports whether there is one.
func (r *Results) Find(key execution.Key) (found bool) {
	if !r.store.HasResult(key) {
		return false
	}
	for _, body := range r.store.Results(key.Execution, []string{key.Node}) {
		r.exportStored(key, body)
	}
	return true
}

// exportStored exports a result from the disk, if it can be read.
func (r *Results) exportStored(key execution.Key, body []byte) (exported bool) {
	samples, err := r.exported.DecodeFor(key, body)
	if err != nil {
		// The gauges may have been configured otherwise when it was sent.
		r.log.Debug("stored result not exported", "execution", key.Execution, "node", key.Node, "error", err)
		return false
	}
	r.Set(key, samples)
	return true
}

// AddLate takes over results that another replica has taken since this one looked,
// and adds them to the written report: a replica that lost the Lease and does not
// know yet which one has it. From here on there is nothing more, because such a
// replica acknowledges nothing once it sees the report.
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
		r.exportStored(key, body) // it may be another one than before
		if !t.Reported {
			t.Reported, t.Heard, found = true, true, true
			r.SetTask(key, t.DurationMS, t.Bad())
		}
	}
	return found
}

// countDropped counts series that are not exported any more, or not at all.
func (r *Results) countDropped(key execution.Key, dropped int) {
	if dropped == 0 {
		return
	}
	r.metrics.SeriesDropped(dropped)
	log := r.log.Debug
	if r.dropped.Swap(key.Execution) != key.Execution { // it is worth one warning
		log = r.log.Warn
	}
	log("there are too many series: some are not exported any more, or not at all",
		"execution", key.Execution, "node", key.Node, "dropped", dropped)
}
