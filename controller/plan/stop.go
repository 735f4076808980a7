package plan

import (
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Stopped is when, by this process's clock, and why a Job was stopped. The status
// of the pod is lost with the pod.
type Stopped struct {
	At  time.Time
	End execution.End
}

// stop stops the Job, and ends the task once its pod can no longer run: when the pod
// has ended, its node is gone, or its grace period and StopMargin have passed.
func stop(s Observation, progress Progress, end execution.End, now time.Time) Action {
	if s.Stopped == nil {
		return Action{Step: Stop, End: end}
	}
	deadline := s.slotReleasedAt(progress, s.Stopped.At)
	over := progress.cannotRun() || s.NodeGone
	if over || !now.Before(deadline) {
		return Action{Step: Finish, End: s.Stopped.End.At(now), Unreachable: !over && now.Before(progress.graceEnd(s.Stopped.At))}
	}
	return wait(progress, deadline.Sub(now))
}

// settle ends a pod whose work is done while an injected container, such as the
// proxy of a service mesh, still runs. Stopping deletes the pod, so its logs are
// saved before. The stop stores the outcome on the Job: if the leader dies in
// between, either the pod is untouched or its Job has the outcome.
func settle(s Observation, progress Progress, now time.Time) Action {
	if s.logsDue(progress) {
		return Action{Step: SaveLogs, Running: progress.Running, Started: progress.Started}
	}
	return stop(s, progress, *progress.Done, now)
}

// logsDue reports whether the pod's logs have to be saved before the Job is stopped.
func (s Observation) logsDue(progress Progress) bool {
	return s.Stopped == nil && s.Settings.SavePodLog && !s.LogsSaved && !s.NodeGone && !progress.ended()
}

// afterStop returns the end of a pod whose Job may have been stopped: such a pod
// has no reason of its own, and the cache may lack the stop annotation.
func (s Observation) afterStop(end execution.End) execution.End {
	if s.Stopped != nil {
		return endOfStopped(end, s.Stopped.End, s.Stopped.At)
	}
	return end
}
