package queue

import (
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/intake"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/run"
)

// Adopt takes over an open execution: this leader has just opened it, or an earlier one
// left it open.
func (q *Queue) Adopt(r record.Record, isNew bool) {
	p := r.Plan
	ofConfigMap, hasConfigMap := q.ConfigMap()
	follow := plan.Follows(plan.Followed{Partial: p.Partial, OfConfigMap: ofConfigMap, HasConfigMap: hasConfigMap})
	if err := q.Directory.Begin(p.ID, p.About(follow.Latest)); err != nil {
		// Callbacks fail until the store works again; the Jobs run all the same.
		q.Metrics.StoreError("begin")
		q.Opener.Log.Error("report directory not ready", "execution", p.ID, "error", err)
	}
	q.checkTLS(p)
	q.Results.Begin(p)
	nodes := p.NodeNames()
	a := &active{budget: intake.NewBudget(q.Definition().IntakeOf(p), p.Nodes, q.Directory.Files(p.ID, nodes))}
	a.Execution = run.New(q.Deps(p), run.Initial{
		Record:     r,
		New:        isNew,
		Extensions: q.extensionsOf(p.ID),
		Stored: func(index int) (result, file bool) {
			return q.Results.Has(execution.Key{Execution: p.ID, Node: nodes[index]}), a.budget.HasFiles(index)
		},
	})
	q.mu.Lock()
	before := q.active
	q.active = a
	q.history.Add(p.ID)
	q.mu.Unlock()
	if before != nil {
		before.Discard() // it may never have run
	}
	select {
	case q.begun <- struct{}{}:
	default: // it is awake already
	}
}

// extensionsOf returns the extensions for an execution: those that it began with, as long
// as this process remembers them.
func (q *Queue) extensionsOf(id execution.ID) []jobspec.EnvExtension {
	if a := q.current(); a != nil && a.ID() == id {
		return a.Extensions()
	}
	return q.Definition().Extensions
}

// checkTLS logs if the callback URLs of an execution's pods have another scheme than the
// port now: the pods cannot report.
func (q *Queue) checkTLS(p execution.Plan) {
	if served := q.Opener.TLS != nil; p.Settings.CallbackTLS != served {
		q.Opener.Log.Error("callback.tls was changed while an execution is open: its pods cannot report until it is changed back",
			"execution", p.ID, "told", schemeOf(p.Settings.CallbackTLS), "served", schemeOf(served))
	}
}

func schemeOf(secure bool) string {
	if secure {
		return "https"
	}
	return "http"
}
