package intake

import (
	"errors"
	"io/fs"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// Found is what the report directory has.
type Found struct {
	Executions []execution.ID
	// Lost is what is missing of the execution that closed last, or nil.
	Lost *Losses
}

// Rebuild exports again what the report directory holds, and nothing else. It calls
// closed with each report, from the oldest to the newest.
func (r *Results) Rebuild(records []record.Record, closed func(execution.Report)) Found {
	nodesOf := map[execution.ID][]string{}
	for _, one := range records {
		nodesOf[one.Plan.ID] = one.Plan.NodeNames()
	}
	ids, err := r.store.Executions()
	if err != nil {
		r.metrics.StoreError("list")
		r.log.Error("reports not read", "error", err)
		return Found{}
	}
	r.exported.Keep(ids)
	for _, one := range records {
		r.use(one.Plan)
	}
	found := Found{Executions: ids}
	there := make(map[execution.ID]stored, len(ids))
	for _, id := range ids {
		there[id] = r.rebuildExecution(id, nodesOf[id], closed)
	}
	found.Lost = r.findLosses(records, there)
	return found
}

func (r *Results) rebuildExecution(id execution.ID, nodes []string, closed func(execution.Report)) stored {
	r.exported.Begin(id)
	has := stored{results: map[string]bool{}}
	report, err := r.store.Report(id)
	has.reportIsGone = errors.Is(err, fs.ErrNotExist)
	if err == nil {
		if has.mended = r.Mend(&report); len(has.mended) > 0 {
			if err := r.store.SaveReport(report); err != nil { // the next leader finds it too
				r.metrics.StoreError("report")
				r.log.Error("report not mended", "execution", id, "error", err)
			}
		}
		closed(report)
		nodes = nil
		for _, t := range report.Tasks {
			if t.State == execution.Skipped && t.Reason != execution.NodeGone {
				continue // left out at the tick
			}
			nodes = append(nodes, t.Node)
			r.SetTask(execution.Key{Execution: id, Node: t.Node}, t.DurationMS, t.Bad())
		}
		r.exported.SetPods(len(nodes))
	}
	for node, body := range r.store.Results(id, nodes) {
		has.results[node] = r.exportStored(execution.Key{Execution: id, Node: node}, body)
	}
	return has
}
