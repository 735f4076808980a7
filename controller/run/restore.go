package run

import (
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// Begun is what is known of an execution that is open.
type Begun struct {
	Record record.Record
	// New is that this leader has just opened it.
	New bool
	// Slots is how many of the slots it may use.
	Slots      int
	Extensions []jobspec.EnvExtension
	// Sent returns what of a node task is on the disk: its result, and whether there
	// is a file.
	Sent func(index int) (result, file bool)
}

// New returns an execution as its record has it, and fills in what the record does not
// hold: which tasks have reported is on disk, the times of those that ended are on
// their Jobs. Every task gets a turn once it runs.
func New(d Deps, b Begun) *Execution {
	p := b.Record.Plan
	e := &Execution{
		Deps:       d,
		id:         p.ID,
		auth:       p.Settings.CallbackAuth,
		nodes:      p.NodeNames(),
		extensions: b.Extensions,
		tasks:      newWorkqueue("tasks", d.Clock),
		logs:       newWorkqueue("logs", d.Clock),
		wake:       make(chan struct{}, 1),
		record:     b.Record,
		ledger:     execution.NewLedger(p, b.Record.Account),
		memory:     make([]taskMemory, len(p.Nodes)),
		closing:    b.Record.Account.Phase == execution.Closing,
		rejections: map[string]bool{},
	}
	e.ledger.Resize(b.Slots)
	if !b.New {
		e.takenOver = d.Clock.Now()
	}
	e.mu.Lock() // what it calls wants that
	defer e.mu.Unlock()
	for i, t := range e.ledger.Tasks() {
		e.restoreTask(b, i, t)
		if t.Outcome.State.Final() {
			e.queueLogs(i)
		} else {
			e.TaskChanged(t.Node.Name)
		}
	}
	e.Log.Info("execution open", "execution", e.id, "trigger", p.Trigger,
		"nodes", len(p.Nodes), "skipped", len(p.Skipped), "excluded", p.Excluded, "ended", e.ledger.Ended())
	e.grant()
	e.wakeWriter()
	return e
}

// restoreTask fills in what the record does not hold of a task. The caller holds e.mu.
func (e *Execution) restoreTask(b Begun, index int, t execution.Task) {
	now := e.Clock.Now()
	e.memory[index].grantedAt = now
	result, file := b.Sent(index)
	if result {
		e.noteReported(index)
	}
	if file {
		e.noteHeard(index)
	}
	if !t.Outcome.State.Final() {
		return
	}
	if isFailure(t.Outcome.State) {
		e.failures++
	}
	if end := e.endOf(execution.Key{Execution: e.id, Node: t.Node.Name}); end != nil {
		e.ledger.Finish(index, end.At(now))
	}
	e.exportTask(index)
}

// endOf returns how the cache says a task ended, or nil.
func (e *Execution) endOf(key execution.Key) *execution.End {
	job := e.Caches.Job(e.Namespace, jobspec.JobName(e.Controller, key))
	if job == nil || !jobspec.Owned(job, e.record.Owner(), key) {
		return nil
	}
	run := plan.ProgressOf(job, e.Caches.PodsOf(job, key))
	if run.End == nil {
		return run.Doomed
	}
	return run.End
}
