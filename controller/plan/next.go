package plan

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Sight is all that is known of one admitted node task at one moment. It may
// be stale: a Job that was just created may be missing from it.
type Sight struct {
	Settings execution.Settings
	Task     execution.Task
	Admitted bool          // by the record: a Job of it may exist
	Created  bool          // its Job exists, or did
	Seen     bool          // this process has seen its Job in the cache before
	Foreign  bool          // the Job of its name is not, or no longer, of this execution
	NodeGone bool          // no node has the task's UID any more
	Silent   time.Time     // since when nothing is heard of the node; zero: it is heard of
	Job      *batchv1.Job  // nil: not in the cache
	Pods     []*corev1.Pod // of the Job, in the cache; also of one that was deleted or taken away
	Others   []*corev1.Pod // of other executions, on the task's node
	Since    time.Time     // when the task got its slot
	Stopped  *Stopped      // nil: the Job was not told to end

	LogsSaved bool // or nothing more is to be done for them
}

// Stopped is that a Job was told to end: when, by this process's clock, and
// why. What the pod says of itself is gone with the pod.
type Stopped struct {
	At  time.Time
	End execution.End
}

// Step is what to do about a node task.
type Step string

// The steps.
const (
	Wait   Step = "wait"   // for an event, or until Action.Recheck has passed
	Create Step = "create" // its Job
	Verify Step = "verify" // ask the API server, not the cache: unless the Job exists, the task ends
	Stop   Step = "stop"   // make sure that the pod cannot run any more
	Finish Step = "finish" // take down the end
	// SaveLogs saves the pod's logs, after which there is another turn.
	SaveLogs Step = "saveLogs"
)

// Action is a step and what it needs.
type Action struct {
	Step    Step
	End     execution.End // for Stop, Verify and Finish: how the task ends
	Running bool          // for Wait and SaveLogs: the pod runs
	Started time.Time     // for Wait and SaveLogs: when its work started, if it runs and that is known
	Silent  bool          // for Verify and Finish: only because nothing is heard of the node, which the cache may not know
	Recheck time.Duration // for Wait: look again after this time, even if nothing happens; 0: no need
}

const (
	// cacheLag is how long a created Job may be missing from the cache before
	// the API server is asked.
	cacheLag = 30 * time.Second
	// retryPause is the longest pause of the Job controller before it replaces
	// a failed pod.
	retryPause = 10 * time.Minute
)

// Next decides what to do about a node task that has not ended, and is admitted
// or has lost its node.
func Next(s Sight, now time.Time) Action {
	switch {
	case s.Foreign:
		return s.foreign(now)
	case s.Job == nil && s.NodeGone:
		return nodeGone(s, now)
	case s.Job == nil:
		return withoutJob(s, now)
	}
	run := Observe(s.Job, s.Pods)
	switch {
	case run.End != nil:
		return Action{Step: Finish, End: s.asTold(run.End.At(now))}
	case run.Doomed != nil:
		return untilGone(s, run, now)
	case run.Done != nil:
		return settle(s, run, now)
	case s.NodeGone:
		return stop(s, run, execution.End{Outcome: execution.Outcome{State: execution.Lost, Reason: execution.NodeGone},
			Message: "the node was deleted while its Job was in flight", Started: run.Started}, now)
	case run.ended(), run.newest == nil && s.ran():
		return untilReplaced(s, run, now)
	case !run.Running:
		return untilStarted(s, run, now)
	default:
		return untilEnded(s, run, now)
	}
}

// ran reports whether the task is known to have had a pod that ran.
func (s Sight) ran() bool {
	return s.Task.Outcome.State == execution.Running || !s.Task.Started.IsZero()
}

// wait lets a pod go on for a time.
func wait(run Run, recheck time.Duration) Action {
	action := Action{Step: Wait, Running: run.Running, Recheck: recheck}
	if run.Running {
		action.Started = run.Started
	}
	return action
}

func finish(state execution.State, reason execution.Reason, message string, at time.Time) Action {
	return Action{Step: Finish, End: execution.End{
		Outcome: execution.Outcome{State: state, Reason: reason}, Message: message, Finished: at,
	}}
}

// nodeGone ends a task whose node is gone. A Job that the cache does not have
// yet is waited for, and then stopped: its pod would run once a node of that
// name comes back.
func nodeGone(s Sight, now time.Time) Action {
	waited := now.Sub(s.Since)
	switch {
	case s.Created && !s.Seen && waited < cacheLag:
		return Action{Step: Wait, Recheck: cacheLag - waited}
	case s.Created:
		return finish(execution.Lost, execution.NodeGone, "the node and its Job were deleted", now)
	}
	skipped := finish(execution.Skipped, execution.NodeGone, "the node was deleted before its Job was created", now)
	if s.Admitted {
		skipped.Step = Verify // the answer to its create may have been lost
	}
	return skipped
}

// withoutJob tells the three cases apart in which the cache has no Job: it was
// never created, the cache lags behind, or somebody deleted it.
func withoutJob(s Sight, now time.Time) Action {
	waited := now.Sub(s.Since)
	switch {
	case s.Created && !s.Seen && waited < cacheLag:
		return Action{Step: Wait, Recheck: cacheLag - waited}
	case s.Created:
		keeps, silent := s.orphan(now)
		if keeps > 0 {
			return Action{Step: Wait, Recheck: keeps}
		}
		deleted := finish(execution.Lost, execution.JobDeleted, "the Job was deleted before its end was seen", now)
		deleted.Step, deleted.Silent = Verify, silent
		return deleted
	default:
		return s.create(now)
	}
}

// untilStarted gives a pod until startDeadline to start its containers: each of
// those that the template has, because only together they do the work. What its
// init containers take to work does not count.
func untilStarted(s Sight, run Run, now time.Time) Action {
	deadline := run.Waiting.Add(s.Settings.StartDeadline)
	if now.Before(deadline) {
		return Action{Step: Wait, Recheck: deadline.Sub(now)}
	}
	end := run.WhyNotStarted()
	end.Started = run.Started
	return stop(s, run, end, now)
}

// untilReplaced waits for what the Job controller does about a pod that has
// ended, or was deleted, with attempts left: another pod, or the Job's failure.
func untilReplaced(s Sight, run Run, now time.Time) Action {
	ended, end := run.attempt(s)
	deadline := ended.Add(retryPause + s.Settings.StartDeadline)
	if now.Before(deadline) {
		return wait(run, deadline.Sub(now))
	}
	return stop(s, run, end, now)
}

// untilEnded gives a started pod until jobTimeout, which the kubelet enforces,
// and its grace, after which the kubelet is not counted on any more. So it is with
// one that was deleted, such as by an eviction, for which its grace began then.
func untilEnded(s Sight, run Run, now time.Time) Action {
	deadline := run.began().Add(s.Settings.JobTimeout + run.grace() + StopMargin)
	if since, ok := run.deleted(); ok {
		if released := s.released(run, since); !now.Before(released) {
			return stop(s, run, run.outlived(), now)
		} else if released.Before(deadline) {
			deadline = released
		}
	}
	if now.Before(deadline) {
		return wait(run, deadline.Sub(now))
	}
	return stop(s, run, execution.End{
		Outcome: execution.Outcome{State: execution.Failed, Reason: execution.JobTimeout},
		Message: "still running after " + s.Settings.JobTimeout.String() + named(run.crew.stillRunning()), Started: run.Started,
	}, now)
}

// untilGone waits for the pod of a failed Job to end, for as long as its grace
// may take.
func untilGone(s Sight, run Run, now time.Time) Action {
	told := run.Doomed.Finished
	if s.Stopped != nil && s.Stopped.At.After(told) {
		told = s.Stopped.At
	}
	deadline := s.released(run, told)
	over := run.cannotRun() || run.ended() || s.NodeGone
	if over || !now.Before(deadline) {
		return Action{Step: Finish, End: s.asTold(*run.Doomed), Silent: !over && now.Before(run.graceOver(told))}
	}
	return wait(run, deadline.Sub(now))
}

// asTold returns the end of a pod that may have failed because its Job was told
// to end: such a pod has no reason of its own, and the cache may not have the
// annotation yet.
func (s Sight) asTold(end execution.End) execution.End {
	if s.Stopped != nil {
		return toldTo(end, s.Stopped.End, s.Stopped.At)
	}
	return end
}

// stop ends the task once its pod can no longer run: when it has ended, its node
// is gone, or its grace and a margin are over.
func stop(s Sight, run Run, end execution.End, now time.Time) Action {
	if s.Stopped == nil {
		return Action{Step: Stop, End: end}
	}
	deadline := s.released(run, s.Stopped.At)
	over := run.cannotRun() || s.NodeGone
	if over || !now.Before(deadline) {
		return Action{Step: Finish, End: s.Stopped.End.At(now), Silent: !over && now.Before(run.graceOver(s.Stopped.At))}
	}
	return wait(run, deadline.Sub(now))
}
