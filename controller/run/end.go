package run

import (
	"context"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// finish records how the task ended, frees its slot, has its logs saved, and
// says so if it failed.
func (e *Execution) finish(ctx context.Context, t task, end execution.End) {
	if !t.observed.Task.Reported {
		e.findResult(t.index)
	}
	if known, failures, news := e.noteEnd(t, end); news {
		e.announceFailure(ctx, t, known, failures)
	}
}

// noteEnd returns how the task ended, and how many have failed so far.
func (e *Execution) noteEnd(t task, end execution.End) (known execution.Task, failures int, news bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.over {
		return known, 0, false
	}
	if t.observed.Job != nil && !t.observed.Foreign {
		news = e.ledger.Finish(t.index, end)
		if news && e.ledger.Granted(t.index) {
			e.freed = append(e.freed, e.Clock.Now())
		}
	} else {
		news = e.ledger.Abandon(t.index, end)
	}
	if !news {
		return known, 0, false
	}
	e.exportTask(t.index)
	known, _ = e.ledger.Task(t.key.Node) // it has just been ended there
	if isFailure(known.Outcome.State) {
		e.failures++
	}
	e.Metrics.TaskEnded(known.Outcome)
	e.grant()
	e.queueLogs(t.index)
	e.Log.Info("node task ended", "execution", t.key.Execution, "node", t.key.Node, "job", t.name,
		"state", known.Outcome.State, "reason", known.Outcome.Reason, "message", known.Message, "reported", known.Reported)
	e.wakeWriter()
	return known, e.failures, true
}

func (e *Execution) failed(reason execution.Reason, err error) execution.End {
	return execution.End{
		Outcome:  execution.Outcome{State: execution.Failed, Reason: reason},
		Message:  err.Error(),
		Finished: e.Clock.Now(),
	}
}
