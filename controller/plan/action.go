package plan

import (
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Step is what to do about a node task.
type Step string

// The steps.
const (
	Wait   Step = "wait"   // for an event, or until Action.Recheck has passed
	Create Step = "create" // its Job
	Verify Step = "verify" // ask the API server, not the cache: unless the Job exists, the task ends
	Stop   Step = "stop"   // make sure that the pod cannot run any more
	Finish Step = "finish" // record the end
	// SaveLogs saves the pod's logs, after which there is another turn.
	SaveLogs Step = "saveLogs"
)

// Action is a step and what it needs.
type Action struct {
	Step        Step
	End         execution.End // for Stop, Verify and Finish: how the task ends
	Running     bool          // for Wait and SaveLogs: the pod runs (of one that has ended, End.Started has its start)
	Started     time.Time     // for Wait and SaveLogs: when its work started, if it runs and that is known
	Unreachable bool          // for Verify and Finish: the step relies on the node being unreachable, of which the cache may be stale
	Recheck     time.Duration // for Wait: decide again after this time, even without an event; 0: no need
}

// wait returns the action that lets a pod continue for a time.
func wait(progress Progress, recheck time.Duration) Action {
	action := Action{Step: Wait, Running: progress.Running, Recheck: recheck}
	if progress.Running {
		action.Started = progress.Started
	}
	return action
}

func finish(state execution.State, reason execution.Reason, message string, at time.Time) Action {
	return Action{Step: Finish, End: execution.End{
		Outcome: execution.Outcome{State: state, Reason: reason}, Message: message, Finished: at,
	}}
}
