package run

import (
	"fmt"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// Accept returns the index of the node's task if it may report. The execution does not
// close before Taken is called, which is called once.
func (e *Execution) Accept(node string) (index int, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closing {
		return 0, fmt.Errorf("%w: execution %s is closed", execution.ErrEnded, e.id)
	}
	task, ok := e.ledger.Task(node)
	if !ok {
		return 0, fmt.Errorf("%w: %s", execution.ErrUnknownNode, node)
	}
	if err := plan.AcceptCallback(task, e.ledger.Admitted(task.Index), e.Clock.Now()); err != nil {
		return 0, err
	}
	e.taking.Add(1)
	return task.Index, nil
}

// Taken lets the execution close.
func (e *Execution) Taken() { e.taking.Done() }

// Nodes returns the nodes that take part, by index.
func (e *Execution) Nodes() []string { return e.nodes }

// NoteReported records that the task's result is stored.
func (e *Execution) NoteReported(index int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.noteReported(index)
}

// noteReported is NoteReported for a caller that holds e.mu.
func (e *Execution) noteReported(index int) {
	e.ledger.NoteReported(index)
	e.exportTask(index)
}

// NoteHeard records that a file or an event of the task was taken. That may be so
// while the execution closes: its report is then all that counts.
func (e *Execution) NoteHeard(index int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closing {
		e.noteHeard(index)
	}
}

// noteHeard is NoteHeard for a caller that holds e.mu. Where a result is optional, a
// file or an event is as good as one.
func (e *Execution) noteHeard(index int) {
	e.ledger.NoteHeard(index)
	if e.record.Plan.Settings.ResultOptional {
		e.exportTask(index)
	}
}

// findResult takes over a result that is on the disk and that this process did
// not take: an earlier leader did, after this one had looked.
func (e *Execution) findResult(index int) {
	if !e.Results.Find(execution.Key{Execution: e.id, Node: e.nodes[index]}) {
		return
	}
	e.NoteReported(index)
}

// exportTask exports how the task stands. A node that has reported shows as good
// until its pod ends badly. The caller holds e.mu.
func (e *Execution) exportTask(index int) {
	node := e.nodes[index]
	now, _ := e.ledger.Task(node)
	e.Results.SetTask(execution.Key{Execution: e.id, Node: node}, now.Duration().Milliseconds(), now.Bad())
}
