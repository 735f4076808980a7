package run

import (
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobs"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/notices"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// Initial is the state that an open execution starts from.
type Initial struct {
	Record     record.Record
	New        bool // this leader has just opened it
	Extensions []jobspec.EnvExtension
	// Stored reports what the disk has of a node task: its result, and any file.
	Stored func(index int) (result, file bool)
}

// New returns the execution of a record, with what the record does not hold: the disk has
// which tasks have reported, the Jobs have the times of those that ended. Every task
// gets a turn once the execution runs.
func New(d Deps, initial Initial) *Execution {
	p := initial.Record.Plan
	e := &Execution{
		Deps:     d,
		id:       p.ID,
		nodes:    p.NodeNames(),
		tasks:    newWorkqueue("tasks", d.Clock),
		logs:     newWorkqueue("logs", d.Clock),
		wake:     make(chan struct{}, 1),
		record:   initial.Record,
		ledger:   execution.NewLedger(p, initial.Record.Account),
		memory:   make([]taskMemory, len(p.Nodes)),
		creating: map[int]time.Time{},
		written:  d.Clock.Now(),
	}
	if !initial.New {
		e.takenOver = d.Clock.Now()
	}
	e.notices = notices.New(notices.Options{
		Announcer: d.Announcer, Metrics: d.Metrics, Log: d.Log,
		About: kube.ExecutionReference(initial.Record.Object), Partial: p.Partial, Steering: initial.Record.ObservedSteering(),
	})
	e.jobs = jobs.New(jobs.Options{
		Controller: d.Controller, Namespace: d.Namespace, Client: d.Client, Caches: d.Caches, Tokens: d.Tokens, Host: d.Host,
		Notices: e.notices, Metrics: d.Metrics, Clock: d.Clock, Steady: d.Steady, Log: d.Log,
		Plan: p, Owner: initial.Record.Owner(), Extensions: initial.Extensions, TakenOver: e.takenOver,
	})
	for i, t := range e.ledger.Tasks() {
		e.restoreTask(initial, i, t)
	}
	// Only now, because NoteHeard ignores what comes to a closing execution.
	e.closing = initial.Record.Account.Phase == execution.Closing
	e.Log.Info("execution open", "execution", e.id, "trigger", p.Trigger,
		"nodes", len(p.Nodes), "skipped", len(p.Skipped), "excluded", p.Excluded, "ended", e.ledger.Ended())
	e.grant()
	e.wakeWriter()
	return e
}

// restoreTask restores what the record does not hold of a task. New calls it before other
// goroutines have the execution, so that it holds no lock.
func (e *Execution) restoreTask(initial Initial, index int, t execution.Task) {
	now := e.Clock.Now()
	e.memory[index].grantedAt = now
	result, file := initial.Stored(index)
	if result {
		e.NoteReported(index)
	}
	if file {
		e.NoteHeard(index)
	}
	if !t.Outcome.State.Final() {
		e.TaskChanged(t.Node.Name)
		return
	}
	e.notices.TaskEndedBefore(t.Outcome.State)
	if end := e.jobs.EndOf(t.Node.Name); end != nil {
		e.ledger.Finish(index, end.At(now))
	}
	e.exportTask(index)
	e.queueLogs(index)
}
