package queue

import (
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/intake"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/run"
)

// Adopt takes over an execution that is open: one just opened, or one that an earlier
// leader left.
func (q *Queue) Adopt(r record.Record, isNew bool) {
	p := r.Plan
	if err := q.Directory.Begin(p.ID); err != nil {
		// What pods send is refused until the store works again; the Jobs run.
		q.Metrics.StoreError("begin")
		q.Opener.Log.Error("report directory not ready", "execution", p.ID, "error", err)
	}
	q.checkTLS(p)
	q.Results.Begin(p)
	nodes := p.NodeNames()
	a := &active{
		budget: intake.NewBudget(q.Definition().IntakeOf(p), p.Nodes, q.Directory.Files(p.ID, nodes)),
		slots:  q.slotsOf(p),
	}
	a.Execution = run.New(q.Deps(p), run.Initial{
		Record:     r,
		New:        isNew,
		Slots:      a.slots,
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
		before.Discard() // it may not have been run
	}
	select {
	case q.begun <- struct{}{}:
	default: // it is about to look anyway
	}
}

// slotsOf returns how many slots an execution may use: one that is run anew keeps those
// it has.
func (q *Queue) slotsOf(p execution.Plan) int {
	if a := q.current(); a != nil && a.ID() == p.ID {
		return a.slots
	}
	return q.Slots(p.Settings.PodPoolSize)
}

// extensionsOf returns the extensions that an execution goes on with: those of its
// beginning, as long as this process remembers them.
func (q *Queue) extensionsOf(id execution.ID) []jobspec.EnvExtension {
	if a := q.current(); a != nil && a.ID() == id {
		return a.Extensions()
	}
	return q.Definition().Extensions
}

// checkTLS logs that the pods of an execution were told another scheme than
// the port is served with now: they cannot report.
func (q *Queue) checkTLS(p execution.Plan) {
	if now := q.Opener.TLS != nil; p.Settings.CallbackTLS != now {
		q.Opener.Log.Error("callback.tls was changed while an execution is open: its pods cannot report until it is changed back",
			"execution", p.ID, "told", schemeOf(p.Settings.CallbackTLS), "served", schemeOf(now))
	}
}

func schemeOf(secure bool) string {
	if secure {
		return "https"
	}
	return "http"
}
