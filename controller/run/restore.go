package run

import (
	"cmp"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
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
		Deps:       d,
		id:         p.ID,
		definition: p.NodeCronJob,
		nodes:      p.NodeNames(),
		extensions: initial.Extensions,
		tasks:      newWorkqueue("tasks", d.Clock),
		logs:       newWorkqueue("logs", d.Clock),
		wake:       make(chan struct{}, 1),
		turns:      make([]turnMemory, len(p.Nodes)),
		record:     initial.Record,
		ledger:     execution.NewLedger(p, initial.Record.Account),
		memory:     make([]taskMemory, len(p.Nodes)),
		rejections: map[string]bool{},
		creating:   map[int]time.Time{},
		announced:  initial.Record.ObservedSteering(),
		written:    d.Clock.Now(),
	}
	if !initial.New {
		e.takenOver = d.Clock.Now()
	}
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
	if isFailure(t.Outcome.State) {
		e.failures++
	}
	if end := e.endOf(execution.Key{Execution: e.id, Node: t.Node.Name}); end != nil {
		e.ledger.Finish(index, end.At(now))
	}
	e.exportTask(index)
	e.queueLogs(index)
}

// endOf returns how a task ended according to the cache, or nil.
func (e *Execution) endOf(key execution.Key) *execution.End {
	job := e.Caches.Job(e.Namespace, jobspec.JobName(e.definition, key))
	if job == nil || !jobspec.Owned(job, e.record.Owner(), key) {
		return nil
	}
	run := plan.ProgressOf(job, e.Caches.PodsOf(job, key))
	return cmp.Or(run.End, run.Doomed)
}
