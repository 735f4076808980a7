package plan

import (
	"cmp"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// StopMargin is how much longer than its grace period a terminated pod may count as
// running, and so keeps its slot: the Job controller and the kubelet need time, and on a
// dead node the pod would count as running for ever. It is also how much longer than
// jobTimeout and the grace period a pod may run, and after how long an unreachable node's
// pod no longer counts. docs/reliability.md calls it a minute; the simulation checks it
// with a constant of its own.
const StopMargin = time.Minute

// grace returns the pod's grace period. A delete may override the pod's spec. If
// the cache has no pod, the Job's template has the period.
func (r Progress) grace() time.Duration {
	seconds := r.job.Spec.Template.Spec.TerminationGracePeriodSeconds
	if r.newest != nil {
		seconds = cmp.Or(r.newest.DeletionGracePeriodSeconds, r.newest.Spec.TerminationGracePeriodSeconds)
	}
	return jobspec.Grace(seconds)
}

// attempt returns when the last attempt ended, at the latest, and the task's end if
// no other attempt follows.
func (r Progress) attempt(s Observation) (ended time.Time, end execution.End) {
	if r.newest != nil {
		end = *r.containers.failure()
		end.Started = r.containers.start()
		return end.Finished, end
	}
	attempts := time.Duration(backoffLimit(r.job)) + 1
	ended = earlier(s.Task.Started, s.Since).Add(attempts * (s.Settings.JobTimeout + r.grace()))
	return ended, *podDeleted(ended)
}

// deleted reports whether the newest pod is being deleted, and since when.
func (r Progress) deleted() (since time.Time, ok bool) {
	if r.newest == nil {
		return time.Time{}, false
	}
	return deletedSince(r.newest)
}

// slotReleasedAt returns until when a pod that was terminated at a time keeps its
// slot, unless it ends before. An unreachable node gets only the margin: the API
// server will not learn of its pod's end.
func (s Observation) slotReleasedAt(progress Progress, terminated time.Time) time.Time {
	end := progress.graceEnd(terminated)
	if !s.UnreachableSince.IsZero() {
		return earlier(end, s.UnreachableSince.Add(StopMargin))
	}
	return end
}

// graceEnd returns when the grace period of a pod that was terminated at a time
// ends, plus StopMargin.
func (r Progress) graceEnd(terminated time.Time) time.Time {
	if since, ok := r.deleted(); ok && since.After(terminated) {
		terminated = since
	}
	return terminated.Add(r.grace() + StopMargin)
}

// UnreachableSince returns since when a node has been unreachable; zero: it is
// reachable.
func UnreachableSince(node *corev1.Node) time.Time {
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady && c.Status == corev1.ConditionUnknown {
			return c.LastTransitionTime.Time
		}
	}
	return time.Time{}
}

// orphan returns how long the pod of a deleted Job may still run. The garbage
// collector deletes the pod too, with its grace period. Before it does, the pod
// may run until its deadline.
func (s Observation) orphan(now time.Time) (left time.Duration, unreachable bool) {
	pod := NewestPod(s.Pods)
	if pod == nil || hasEnded(pod) || s.NodeGone {
		return 0, false
	}
	progress := ProgressOf(&batchv1.Job{}, []*corev1.Pod{pod})
	terminated, ok := progress.deleted()
	if !ok {
		terminated = pod.CreationTimestamp.Add(s.Settings.StartDeadline + s.Settings.JobTimeout)
	}
	if progress.CannotStart {
		return 0, false
	}
	return s.slotReleasedAt(progress, terminated).Sub(now), now.Before(progress.graceEnd(terminated))
}

// graceExpired is the end of a pod that was deleted, and whose end was not observed
// within its grace period.
func (r Progress) graceExpired() execution.End {
	end := *podDeleted(time.Time{})
	end.Message = "the pod was deleted, and its end was not observed within its grace period of " + r.grace().String()
	end.Started = r.containers.start()
	for _, c := range r.newest.Status.Conditions {
		if c.Type == corev1.DisruptionTarget && c.Status == corev1.ConditionTrue && c.Reason != "" {
			end.Outcome.Reason, end.Message = cleanReason(c.Reason), c.Message+": "+end.Message
		}
	}
	return end
}
