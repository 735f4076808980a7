package intake

import (
	"errors"
	"io/fs"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// Found is what Rebuild has found in the report directory.
type Found struct {
	Executions []execution.ID
	// Lost are the lost results of the execution that closed last, or nil.
	Lost *Losses
}

// Rebuild exports the results in the report directory, and nothing else. It calls closed
// with each report, from the oldest to the newest.
func (r *Results) Rebuild(records []record.Record, closed func(execution.Report)) Found {
	nodesOf := map[execution.ID][]string{}
	for _, rec := range records {
		nodesOf[rec.Plan.ID] = rec.Plan.NodeNames()
	}
	ids, err := r.store.Executions()
	if err != nil {
		r.metrics.StoreError("list")
		r.log.Error("reports not read", "error", err)
		return Found{}
	}
	r.exported.Keep(ids)
	for _, rec := range records {
		r.use(rec.Plan)
	}
	found := Found{Executions: ids}
	byID := make(map[execution.ID]stored, len(ids))
	for _, id := range ids {
		byID[id] = r.rebuildExecution(id, nodesOf[id], closed)
	}
	found.Lost = r.findLosses(records, byID)
	return found
}

func (r *Results) rebuildExecution(id execution.ID, nodes []string, closed func(execution.Report)) stored {
	r.exported.Begin(id)
	has := stored{results: map[string]bool{}}
	report, err := r.store.Report(id)
	has.reportMissing = errors.Is(err, fs.ErrNotExist)
	if err == nil {
		if has.mended = r.Mend(&report); len(has.mended) > 0 {
			if err := r.store.SaveReport(report); err != nil { // the next leader mends it again
				r.metrics.StoreError("report")
				r.log.Error("report not mended", "execution", id, "error", err)
			}
		}
		closed(report)
		nodes = nil
		for _, t := range report.Tasks {
			if t.State == execution.Skipped && t.Reason != execution.NodeGone {
				continue // skipped at the tick: it had no pod
			}
			nodes = append(nodes, t.Node)
			if t.Known() {
				r.SetTask(execution.Key{Execution: id, Node: t.Node}, t.DurationMS, t.Bad())
			}
		}
		r.exported.SetPods(len(nodes))
	}
	for node, body := range r.store.Results(id, nodes) {
		has.results[node] = r.exportStored(execution.Key{Execution: id, Node: node}, body)
	}
	return has
}
