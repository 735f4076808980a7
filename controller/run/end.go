package run

import (
	"context"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// finish ends the task. It grants the slot to the next one, has the logs saved, and writes
// an event about a failure.
func (e *Execution) finish(ctx context.Context, t task, end execution.End) {
	if !t.observed.Task.Reported {
		e.findResult(t.index)
	}
	if ended, failures, isNew := e.noteEnd(t, end); isNew {
		e.announceFailure(ctx, t, ended, failures)
	}
}

// noteEnd returns the ended task, how many have failed so far, and whether the task had
// not ended before.
func (e *Execution) noteEnd(t task, end execution.End) (ended execution.Task, failures int, isNew bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.over {
		return ended, 0, false
	}
	if t.observed.Job != nil && !t.observed.Foreign {
		isNew = e.ledger.Finish(t.index, end)
		if isNew && e.ledger.Granted(t.index) {
			e.freed = append(e.freed, e.Clock.Now())
		}
	} else {
		isNew = e.ledger.Abandon(t.index, end)
	}
	if !isNew {
		return ended, 0, false
	}
	e.exportTask(t.index)
	ended, _ = e.ledger.Task(t.key.Node) // the ledger has just ended it
	if isFailure(ended.Outcome.State) {
		e.failures++
	}
	e.Metrics.TaskEnded(ended.Outcome)
	e.grant()
	e.queueLogs(t.index)
	e.Log.Info("node task ended", "execution", t.key.Execution, "node", t.key.Node, "job", t.name,
		"state", ended.Outcome.State, "reason", ended.Outcome.Reason, "message", ended.Message, "reported", ended.Reported)
	e.wakeWriter()
	return ended, e.failures, true
}

func (e *Execution) failedEnd(reason execution.Reason, err error) execution.End {
	return execution.End{
		Outcome:  execution.Outcome{State: execution.Failed, Reason: reason},
		Message:  err.Error(),
		Finished: e.Clock.Now(),
	}
}
