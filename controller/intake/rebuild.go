package intake

import (
	"cmp"
	"errors"
	"io/fs"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// Rebuild exports the results in the report directory, and nothing else. The executions
// that are open have records; of the others the directory says what they are. It calls
// closed with each report, from the oldest to the newest, in which NodeCronJob is set. It
// returns the executions that have a directory, by the name of their definition.
func (r *Results) Rebuild(open []record.Record, closed func(execution.Report)) map[string][]execution.ID {
	ids, err := r.Store.Executions()
	if err != nil {
		r.Metrics.StoreError("list")
		r.Log.Error("reports not read", "error", err)
		r.remember(nil)
		return nil
	}
	r.Exports.Keep(ids)
	plans := make(map[execution.ID]execution.Plan, len(open))
	for _, rec := range open {
		plans[rec.Plan.ID] = rec.Plan
	}
	found, of := make(map[execution.ID]stored, len(ids)), map[string][]execution.ID{}
	for _, id := range ids {
		has := r.rebuildExecution(id, plans, closed)
		found[id], of[has.definition] = has, append(of[has.definition], id)
	}
	r.remember(found)
	return of
}

// Restore exports the results of a definition that is exported only since Rebuild: its
// NodeCronJob was created again. None of its executions is open. It returns them.
func (r *Results) Restore(definition string, closed func(execution.Report)) (restored []execution.ID) {
	ids, err := r.Store.Executions()
	if err != nil {
		r.Metrics.StoreError("list")
		r.Log.Error("reports not read", "nodeCronJob", definition, "error", err)
		return nil
	}
	for _, id := range ids {
		if _, known := r.Exports.DefinitionOf(id); known {
			continue
		}
		report, _ := r.Store.Report(id)
		if r.aboutOf(id, nil, report).NodeCronJob == definition {
			r.rebuildExecution(id, nil, closed)
			restored = append(restored, id)
		}
	}
	return restored
}

func (r *Results) remember(found map[execution.ID]stored) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.found = found
}

func (r *Results) rebuildExecution(id execution.ID, open map[execution.ID]execution.Plan, closed func(execution.Report)) (has stored) {
	report, err := r.Store.Report(id)
	hasReport := err == nil
	about := r.aboutOf(id, open, report)
	has.definition = about.NodeCronJob
	r.begin(id, about)
	nodes := open[id].NodeNames()
	if hasReport {
		if has.mended = r.Mend(&report); len(has.mended) > 0 {
			if err := r.Store.SaveReport(report); err != nil { // the next leader mends it again
				r.Metrics.StoreError("report")
				r.Log.Error("report not mended", "execution", id, "error", err)
			}
		}
		report.NodeCronJob = about.NodeCronJob
		closed(report)
		nodes = r.exportTasks(report)
		r.setPods(id, about.Partial, len(nodes))
	}
	if !r.Exports.Has(about.NodeCronJob) {
		return has // its definition is gone
	}
	for node, body := range r.Store.Results(id, nodes) {
		if !r.exportStored(execution.Key{Execution: id, Node: node}, body) {
			has.unreadable = append(has.unreadable, node)
		}
	}
	return has
}

// exportTasks exports the node tasks of a report, and returns the nodes that may have had a
// pod.
func (r *Results) exportTasks(report execution.Report) (nodes []string) {
	for _, t := range report.Tasks {
		if t.State == execution.Skipped && t.Reason != execution.NodeGone {
			continue // skipped at the tick: it had no pod
		}
		nodes = append(nodes, t.Node)
		if t.Known() {
			r.SetTask(execution.Key{Execution: report.ID, Node: t.Node}, t.DurationMS, t.Bad())
		}
	}
	return nodes
}

// aboutOf returns what an execution is, according to its record if it is open, and else to
// the directory. If that cannot be read, its report says whose it is. Without either, it is
// an execution of the default definition, as all were before that was stored, with the
// gauges of now.
func (r *Results) aboutOf(id execution.ID, open map[execution.ID]execution.Plan, report execution.Report) execution.About {
	var about execution.About
	if p, ok := open[id]; ok {
		about = p.About(false)
	} else {
		var err error
		if about, err = r.Store.About(id); err != nil && !errors.Is(err, fs.ErrNotExist) {
			r.Metrics.StoreError("about")
			r.Log.Error("what an execution is cannot be read: its results are read with the gauges that are configured now", "execution", id, "error", err)
		}
	}
	about.NodeCronJob = cmp.Or(about.NodeCronJob, report.NodeCronJob, r.Default)
	about.Partial = about.Partial || report.Partial
	return about
}
