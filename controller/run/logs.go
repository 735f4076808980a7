package run

import (
	"context"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// logAttempts is how many times the kubelet is asked for a log.
const logAttempts = 4

// queueLogs has the logs of a task saved. A task that has ended holds no slot for this;
// only the execution's end waits for it. A pod that has to be stopped is stopped
// afterwards. The caller holds e.mu.
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
			e.noteLogsDone(key)
		}
		e.logs.Done(key)
	}
}

// noteLogsDone records that the task's logs are saved, or cannot be saved.
func (e *Execution) noteLogsDone(key execution.Key) {
	e.mu.Lock()
	defer e.mu.Unlock()
	task, _ := e.ledger.Task(key.Node) // queueLogs has the key from it
	e.memory[task.Index].logsDone = true
	e.TaskChanged(key.Node) // it may wait for this before its Job is stopped
	e.logsDue--
	if e.logsDue == 0 {
		e.wakeWriter()
	}
}
