package run

import (
	"context"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobs"
)

// finish ends the task. It grants the slot to the next one, has the logs saved, and tells
// people of a failure.
func (e *Execution) finish(ctx context.Context, t *jobs.Task, end execution.End) {
	if !t.Observed.Task.Reported {
		e.findResult(t.Index)
	}
	if ended, isNew := e.noteEnd(t, end); isNew {
		e.notices.TaskEnded(ctx, t.Key, t.Job(), ended)
	}
}

// noteEnd returns the ended task, and whether it had not ended before.
func (e *Execution) noteEnd(t *jobs.Task, end execution.End) (ended execution.Task, isNew bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.over {
		return ended, false
	}
	if t.Job() != nil {
		isNew = e.ledger.Finish(t.Index, end)
		if isNew && e.ledger.Granted(t.Index) {
			e.freed = append(e.freed, e.Clock.Now())
		}
	} else {
		isNew = e.ledger.Abandon(t.Index, end)
	}
	if !isNew {
		return ended, false
	}
	e.exportTask(t.Index)
	ended, _ = e.ledger.Task(t.Key.Node) // the ledger has just ended it
	e.Metrics.TaskEnded(ended.Outcome)
	e.grant()
	e.queueLogs(t.Index)
	e.Log.Info("node task ended", "execution", t.Key.Execution, "node", t.Key.Node, "job", t.Name,
		"state", ended.Outcome.State, "reason", ended.Outcome.Reason, "message", ended.Message, "reported", ended.Reported)
	e.wakeWriter()
	return ended, true
}
