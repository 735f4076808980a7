package plan

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Observation is what is known of an admitted node task at one moment. It may be
// stale: a Job that was just created may be missing.
type Observation struct {
	Settings         execution.Settings
	Steering         Steering
	Task             execution.Task
	Admitted         bool          // the record allows it to have a Job, which may exist
	Created          bool          // its Job exists, or did
	Seen             bool          // this process has seen its Job in the cache
	Foreign          bool          // the Job of its name does not, or no longer, belong to this execution
	NodeGone         bool          // no node has the task's name and UID any more: kube.Caches.Node
	UnreachableSince time.Time     // since when the node has been unreachable; zero: it is reachable
	Job              *batchv1.Job  // nil: not in the cache
	Pods             []*corev1.Pod // of the Job, in the cache; also of one that was deleted or taken away
	Others           []*corev1.Pod // of other executions of the definition, on the task's node
	Since            time.Time     // when the task got its slot, or the execution was resumed, if that was later
	Stopped          *Stopped      // nil: the controller has not stopped the Job

	LogsSaved bool // the pod's logs are saved, or no longer can be
}

const (
	// cacheLag is how long a created Job may be missing from the cache before
	// the API server is asked.
	cacheLag = 30 * time.Second
	// retryPause is the longest back-off of the Job controller before it replaces
	// a failed pod.
	retryPause = 10 * time.Minute
)

// Next decides what to do about a node task that has not ended, and is admitted
// or has lost its node.
//
// It decides by the cache. Before package run acts on what the cache may not show yet,
// package jobs checks or waits:
//   - on Action.Unreachable, jobs.Jobs.ConfirmSilence asks the API server whether the node
//     is still unreachable;
//   - on Verify, jobs.Jobs.Verify asks it for the Job. The task ends only if there is none,
//     or a foreign one, and jobs.Jobs.leavesOrphan finds no pod that keeps the slot: that
//     calls Next again, with the pods of the API server;
//   - on Stop, if the execution is canceled, jobs.Jobs.ConfirmStop calls it again too;
//   - jobs.Jobs.graceLeft holds back the end of a task without a Job for the request
//     grace, as a request of this leader or an earlier one may still create the Job.
//
// Whether a task waits for its slot, which needs the pool, is decided before:
// run.Execution.gather.
func Next(s Observation, now time.Time) Action {
	switch {
	case s.Foreign:
		return s.foreign(now)
	case s.Job == nil && s.lag(now) > 0:
		return Action{Step: Wait, Recheck: s.lag(now)}
	case s.Job == nil && s.NodeGone:
		return nodeGoneWithoutJob(s, now)
	case s.Job == nil:
		return withoutJob(s, now)
	}
	progress := ProgressOf(s.Job, s.Pods)
	switch {
	case progress.End != nil:
		return Action{Step: Finish, End: s.afterStop(progress.End.At(now))}
	case progress.Doomed != nil:
		return untilGone(s, progress, now)
	case progress.Done != nil:
		return settle(s, progress, now)
	case s.NodeGone:
		return stop(s, progress, execution.End{Outcome: execution.Outcome{State: execution.Lost, Reason: execution.NodeGone},
			Message: "the node was deleted while its Job was in flight", Started: progress.Started}, now)
	case s.canceled(progress):
		return s.cancel(progress, now)
	case progress.ended(), progress.newest == nil && s.ran():
		return untilReplaced(s, progress, now)
	case !progress.Running:
		return untilStarted(s, progress, now)
	default:
		return untilEnded(s, progress, now)
	}
}

// ran reports whether the task is known to have had a pod that ran.
func (s Observation) ran() bool {
	return s.Task.Outcome.State == execution.Running || !s.Task.Started.IsZero()
}

// lag returns how long the cache may still lack a Job that was created: such a Job
// is neither gone nor to be created again. If the node is gone, the Job has to be
// stopped, because its pod would run once a node of the same name joins.
func (s Observation) lag(now time.Time) time.Duration {
	if !s.Created || s.Seen {
		return 0
	}
	return cacheLag - now.Sub(s.Since)
}

// nodeGoneWithoutJob ends a task whose node is gone and whose Job is not in the cache. If a
// Job may have been created, the API server is asked first: the cache may lag behind a Job
// that got its slot long ago and was created just now, and the Job's pod would start once
// the slot is another task's.
func nodeGoneWithoutJob(s Observation, now time.Time) Action {
	end := finish(execution.Skipped, execution.NodeGone, "the node was deleted before its Job was created", now)
	if s.Created {
		end = finish(execution.Lost, execution.NodeGone, "the node and its Job were deleted", now)
	}
	if s.Created || s.Admitted {
		end.Step = Verify
	}
	return end
}

// withoutJob distinguishes two cases in which the cache has no Job: it was never
// created, or a client deleted it.
func withoutJob(s Observation, now time.Time) Action {
	if !s.Created {
		return s.create(now)
	}
	left, unreachable := s.orphan(now)
	if left > 0 {
		return Action{Step: Wait, Recheck: left}
	}
	deleted := finish(execution.Lost, execution.JobDeleted, "the Job was deleted before its end was observed", now)
	deleted.Step, deleted.Unreachable = Verify, unreachable
	return deleted
}

// untilStarted gives a pod until startDeadline to start all of its template's
// containers. The time of its init containers does not count.
func untilStarted(s Observation, progress Progress, now time.Time) Action {
	deadline := progress.Waiting.Add(s.Settings.StartDeadline)
	if now.Before(deadline) {
		return Action{Step: Wait, Recheck: deadline.Sub(now)}
	}
	end := progress.WhyNotStarted()
	end.Started = progress.Started
	return stop(s, progress, end, now)
}

// untilReplaced waits for the Job controller, which creates another pod for one
// that has ended or was deleted with attempts left, or fails the Job.
func untilReplaced(s Observation, progress Progress, now time.Time) Action {
	ended, end := progress.attempt(s)
	deadline := ended.Add(retryPause + s.Settings.StartDeadline)
	if now.Before(deadline) {
		return wait(progress, deadline.Sub(now))
	}
	return stop(s, progress, end, now)
}

// untilEnded gives a started pod jobTimeout, which the kubelet enforces, and its
// grace period. After that the kubelet is presumed dead. The grace period of a
// deleted pod, such as an evicted one, starts at its deletion.
func untilEnded(s Observation, progress Progress, now time.Time) Action {
	deadline := progress.workStart().Add(s.Settings.JobTimeout + progress.grace() + StopMargin)
	if since, ok := progress.deleted(); ok {
		if released := s.slotReleasedAt(progress, since); !now.Before(released) {
			return stop(s, progress, progress.graceExpired(), now)
		} else if released.Before(deadline) {
			deadline = released
		}
	}
	if now.Before(deadline) {
		return wait(progress, deadline.Sub(now))
	}
	return stop(s, progress, execution.End{
		Outcome: execution.Outcome{State: execution.Failed, Reason: execution.JobTimeout},
		Message: "still running after " + s.Settings.JobTimeout.String() + named(progress.containers.stillRunning()), Started: progress.Started,
	}, now)
}

// untilGone waits for the pod of a failed Job to end, at most for its grace period.
func untilGone(s Observation, progress Progress, now time.Time) Action {
	terminated := progress.Doomed.Finished
	if s.Stopped != nil && s.Stopped.At.After(terminated) {
		terminated = s.Stopped.At
	}
	deadline := s.slotReleasedAt(progress, terminated)
	over := progress.cannotRun() || progress.ended() || s.NodeGone
	if over || !now.Before(deadline) {
		return Action{Step: Finish, End: s.afterStop(*progress.Doomed), Unreachable: !over && now.Before(progress.graceEnd(terminated))}
	}
	return wait(progress, deadline.Sub(now))
}
