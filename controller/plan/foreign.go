package plan

import (
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// ForeignEnd is the end of a task whose Job's name another Job has, or whose Job
// was taken from its execution.
func ForeignEnd(job string, now time.Time) execution.End {
	return execution.End{
		Outcome: execution.Outcome{State: execution.Failed, Reason: execution.ForeignJob},
		Message: "the Job " + job + " was not made by this execution", Finished: now,
	}
}

// foreign ends a task whose Job is not of its execution. One that never was holds
// no slot. One that was taken away after it was created is left alone, and its pod
// keeps the slot for as long as it may run: the next would run beside it.
func (s Sight) foreign(now time.Time) Action {
	end := ForeignEnd(s.Job.Name, now)
	if !s.Created || s.NodeGone {
		return Action{Step: Finish, End: end}
	}
	keeps, silent := s.taken(now)
	if keeps.Recheck > 0 {
		return keeps
	}
	return Action{Step: Verify, End: end, Silent: silent} // the cache may not have its pod
}

// taken waits for a Job that is left alone: for its pod to come, to be replaced,
// or to end. Without a time to wait its pod cannot run any more.
func (s Sight) taken(now time.Time) (keeps Action, silent bool) {
	run := Observe(s.Job, s.Pods)
	goesOn := run.End == nil && run.Doomed == nil
	switch {
	case run.End != nil:
		return Action{}, false
	case goesOn && run.newest == nil:
		return wait(run, run.Waiting.Add(s.Settings.StartDeadline).Sub(now)), false
	case goesOn && run.ended():
		ended, _ := run.attempt(s)
		return wait(run, ended.Add(retryPause+s.Settings.StartDeadline).Sub(now)), false
	}
	left, silent := s.orphan(now)
	return wait(run, left), silent
}
