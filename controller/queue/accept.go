package queue

import (
	"fmt"

	"github.com/batch-job-controller/batch-job-controller/controller/auth"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/intake"
)

// Accept returns the node task if it may report. The error wraps
// execution.ErrUnknownExecution if the execution is of another definition.
func (q *Queue) Accept(key execution.Key) (intake.Task, error) {
	a := q.current()
	if a == nil || a.ID() != key.Execution {
		if q.history.Known(key.Execution) {
			return intake.Task{}, fmt.Errorf("%w: execution %s is closed", execution.ErrEnded, key.Execution)
		}
		return intake.Task{}, fmt.Errorf("%w: %s", execution.ErrUnknownExecution, key.Execution)
	}
	index, err := a.Accept(key.Node)
	if err != nil {
		return intake.Task{}, err
	}
	return intake.Task{Key: key, Index: index, Nodes: a.Nodes(), Budget: a.budget, Open: a}, nil
}

// Has reports whether the execution is open or has left a record or a report.
func (q *Queue) Has(id execution.ID) bool {
	if a := q.current(); a != nil && a.ID() == id {
		return true
	}
	return q.history.Known(id)
}

// HasOpen reports whether an execution is open.
func (q *Queue) HasOpen() bool { return q.current() != nil }

// Open returns how callbacks of the execution authenticate, if it is open.
func (q *Queue) Open(id execution.ID) (open auth.OpenExecution, ok bool) {
	a := q.current()
	if a == nil || a.ID() != id {
		return open, false
	}
	r := a.Record()
	return auth.OpenExecution{Auth: r.Plan.Settings.CallbackAuth, Owner: r.Owner()}, true
}
