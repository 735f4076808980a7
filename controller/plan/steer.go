package plan

import (
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Steering is what people have asked of an open execution. Cancel takes precedence over
// Paused.
type Steering struct {
	Paused bool // no further Job is created; those that exist go on
	Cancel Cancel
}

// Cancel ends an execution early. Tasks whose pods have not started are canceled in any
// case.
type Cancel string

// The ways to cancel, in the words of the API.
const (
	NotCanceled Cancel = ""
	CancelDrain Cancel = "Drain" // pods that have started end by themselves
	CancelStop  Cancel = "Stop"  // they are stopped
)

// NextAdmission returns what the next account may admit, with a share of a limit over all
// executions, or execution.NoShare.
func NextAdmission(s Steering, share int) execution.Admission {
	return execution.Admission{Share: share, Paused: s.Paused, Canceled: s.Cancel != NotCanceled}
}

// cancelWithoutJob ends a task of a canceled execution that has no Job. If it is admitted, an
// earlier leader, or a request without a response, may have created the Job: then the Job
// is stopped instead.
func (s Observation) cancelWithoutJob(now time.Time) Action {
	end := finish(execution.Canceled, execution.NotStarted, "the execution was canceled before the Job was created", now)
	if s.Admitted {
		end.Step = Verify
	}
	return end
}

// canceled reports whether a canceled execution ends the task now, although its Job has
// not ended. The caller has looked for an end of its own before: that one counts.
func (s Observation) canceled(progress Progress) bool {
	switch s.Steering.Cancel {
	case CancelStop:
		return true
	case CancelDrain:
		return !s.began(progress)
	default:
		return false
	}
}

// began reports whether a pod of the task has started. Between two attempts none runs, and
// what has begun is drained with its further attempts.
func (s Observation) began(progress Progress) bool {
	return progress.Running || progress.ended() || failedPods(s.Pods) > 0 || s.ran()
}

// cancel stops the Job of a task of a canceled execution. The stop keeps the outcome on the
// Job: if the leader dies, the next one knows why the pod ended.
func (s Observation) cancel(progress Progress, now time.Time) Action {
	end := execution.End{
		Outcome: execution.Outcome{State: execution.Canceled, Reason: execution.NotStarted},
		Message: "the execution was canceled before the pod had started", Started: progress.Started,
	}
	if s.began(progress) {
		if s.logsDue(progress) {
			return Action{Step: SaveLogs, Running: progress.Running, Started: progress.Started}
		}
		end.Outcome.Reason, end.Message = execution.Stopped, "the execution was canceled, and the pod was stopped"
	}
	return stop(s, progress, end, now)
}
