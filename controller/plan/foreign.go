package plan

import (
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// ForeignEnd is the end of a task whose Job's name is taken by a foreign Job, or
// whose Job no longer belongs to its execution.
func ForeignEnd(job string, now time.Time) execution.End {
	return execution.End{
		Outcome: execution.Outcome{State: execution.Failed, Reason: execution.ForeignJob},
		Message: "the Job " + job + " does not belong to this execution", Finished: now,
	}
}

// foreign ends a task whose Job does not belong to its execution. If the execution
// never had the Job, the task holds no slot. If a client took the Job away after
// its creation, the controller does not touch the Job, and its pod keeps the slot
// for as long as it may run: otherwise the next pod would run beside it.
func (s Observation) foreign(now time.Time) Action {
	end := ForeignEnd(s.Job.Name, now)
	if !s.Created || s.NodeGone {
		return Action{Step: Finish, End: end}
	}
	waiting, unreachable := s.waitForTakenJob(now)
	if waiting.Recheck > 0 {
		return waiting
	}
	return Action{Step: Verify, End: end, Unreachable: unreachable} // the cache may lack its pod
}

// waitForTakenJob waits for the pod of a Job that was taken away: for it to be
// created, to be replaced, or to end. Without a Recheck its pod cannot run any
// more.
func (s Observation) waitForTakenJob(now time.Time) (waiting Action, unreachable bool) {
	progress := ProgressOf(s.Job, s.Pods)
	unfinished := progress.End == nil && progress.Doomed == nil
	switch {
	case progress.End != nil:
		return Action{}, false
	case unfinished && progress.newest == nil:
		return wait(progress, progress.Waiting.Add(s.Settings.StartDeadline).Sub(now)), false
	case unfinished && progress.ended():
		ended, _ := progress.attempt(s)
		return wait(progress, ended.Add(retryPause+s.Settings.StartDeadline).Sub(now)), false
	}
	left, unreachable := s.orphan(now)
	return wait(progress, left), unreachable
}
