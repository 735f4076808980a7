package run

import (
	"context"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

const (
	// logAttempts is how often a log is asked for before it is given up.
	logAttempts = 4
)

// queueLogs has the logs of a task saved. Once it has ended this holds no slot:
// the pool goes on meanwhile, and only the execution's end waits for it. A pod that
// has to be stopped to end waits for it too. The caller holds e.mu.
func (e *Execution) queueLogs(index int) {
	memory := &e.memory[index]
	if !e.record.Plan.Settings.SavePodLog || memory.logsQueued || !e.ledger.Created(index) {
		return
	}
	memory.logsQueued = true
	e.logsDue++
	e.logs.Add(execution.Key{Execution: e.id, Node: e.nodes[index]})
}

func (e *Execution) workOnLogs(ctx context.Context) {
	for {
		key, shutdown := e.logs.Get()
		if shutdown {
			return
		}
		err := e.Logs.Save(ctx, key)
		switch {
		case ctx.Err() != nil:
		case err != nil && e.logs.NumRequeues(key) < logAttempts-1:
			e.logs.AddRateLimited(key)
		default:
			if err != nil {
				e.Metrics.LogSaved("failed")
				e.Log.Warn("log not saved", "execution", key.Execution, "node", key.Node, "error", err)
			}
			e.logs.Forget(key)
			e.logsSaved(key)
		}
		e.logs.Done(key)
	}
}

// logsSaved records that nothing more is to be done for the task's logs.
func (e *Execution) logsSaved(key execution.Key) {
	e.mu.Lock()
	defer e.mu.Unlock()
	task, ok := e.ledger.Task(key.Node)
	if !ok {
		return
	}
	memory := &e.memory[task.Index]
	if !memory.logsQueued || memory.logsDone {
		return
	}
	memory.logsDone = true
	e.tasks.Add(key) // it may wait to be stopped
	e.logsDue--
	if e.logsDue == 0 {
		e.wakeWriter()
	}
}
