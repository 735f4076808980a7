package run

import (
	"fmt"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// Accept returns the index of the node's task if it may report. The execution then does
// not close until the caller has called Taken, once.
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

// Taken ends a callback that Accept has admitted.
func (e *Execution) Taken() { e.taking.Done() }

// Nodes returns the nodes that take part, by index.
func (e *Execution) Nodes() []string { return e.nodes }

// NoteReported records that the task's result is stored.
func (e *Execution) NoteReported(index int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ledger.NoteReported(index)
	e.exportTask(index)
}

// NoteHeard records that a file or an event of the task was accepted. An execution that is
// closing ignores it: the report may have been written. Where a result is optional, a
// file or an event is as good as one.
func (e *Execution) NoteHeard(index int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closing {
		return
	}
	e.ledger.NoteHeard(index)
	if e.record.Plan.Settings.ResultOptional {
		e.exportTask(index)
	}
}

// findResult looks on the disk for a result that this process did not accept: an earlier
// leader may have accepted it after this one began.
func (e *Execution) findResult(index int) {
	if e.Results.Find(execution.Key{Execution: e.id, Node: e.nodes[index]}) {
		e.NoteReported(index)
	}
}

// exportTask exports the task's state. A node that has reported shows as good until its
// pod ends badly. A canceled task without a result changes nothing. The caller holds e.mu.
func (e *Execution) exportTask(index int) {
	node := e.nodes[index]
	task, _ := e.ledger.Task(node)
	if task.Known() {
		e.Results.SetTask(execution.Key{Execution: e.id, Node: node}, task.Duration().Milliseconds(), task.Bad())
	}
}
