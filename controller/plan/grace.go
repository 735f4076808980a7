package plan

import (
	"cmp"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// StopMargin is how much longer than its own grace a pod that was told to end
// may count as running: the Job controller and the kubelet take their time, and
// on a dead node it would for ever.
const StopMargin = time.Minute

// grace returns how long the pod may go on when it is told to end. A delete may
// give it another time than its spec. Of a pod that the cache does not have, the
// Job's template tells.
func (r Run) grace() time.Duration {
	seconds := r.job.Spec.Template.Spec.TerminationGracePeriodSeconds
	if r.newest != nil {
		seconds = cmp.Or(r.newest.DeletionGracePeriodSeconds, r.newest.Spec.TerminationGracePeriodSeconds)
	}
	return jobspec.Grace(seconds)
}

// deleted reports whether the newest pod is being deleted, and since when.
func (r Run) deleted() (since time.Time, ok bool) {
	if r.newest == nil || r.newest.DeletionTimestamp == nil {
		return time.Time{}, false
	}
	return r.newest.DeletionTimestamp.Add(-jobspec.Grace(r.newest.DeletionGracePeriodSeconds)), true
}

// released returns until when a pod that was told to end keeps its slot, unless
// it ends before. A node of which nothing is heard is not waited for: nothing
// will be told of its pod.
func (s Sight) released(run Run, told time.Time) time.Time {
	end := run.graceOver(told)
	if !s.Silent.IsZero() {
		return earlier(end, s.Silent.Add(StopMargin))
	}
	return end
}

// graceOver returns when the grace of a pod that was told to end is over, and a
// margin.
func (r Run) graceOver(told time.Time) time.Time {
	if since, ok := r.deleted(); ok && since.After(told) {
		told = since
	}
	return told.Add(r.grace() + StopMargin)
}

// SilentSince returns since when nothing is heard of a node, and zero if it is
// heard of.
func SilentSince(node *corev1.Node) time.Time {
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady && c.Status == corev1.ConditionUnknown {
			return c.LastTransitionTime.Time
		}
	}
	return time.Time{}
}

// orphan is a pod whose Job was deleted. It is deleted too, and has its grace.
// One that the garbage collector has not come to yet may run for as long as the
// kubelet lets it.
func (s Sight) orphan(now time.Time) (keeps time.Duration, silent bool) {
	pod := NewestPod(s.Pods)
	if pod == nil || hasEnded(pod) || s.NodeGone {
		return 0, false
	}
	run := Observe(&batchv1.Job{}, []*corev1.Pod{pod})
	told, ok := run.deleted()
	if !ok {
		told = pod.CreationTimestamp.Add(s.Settings.StartDeadline + s.Settings.JobTimeout)
	}
	if run.CannotStart {
		return 0, false
	}
	return s.released(run, told).Sub(now), now.Before(run.graceOver(told))
}

// hasEnded reports whether a pod has ended by itself: the kubelet says so when
// none of its containers runs any more.
func hasEnded(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded
}

// outlived is the end of a pod that was deleted, and of which nothing is heard
// when its grace is over.
func (r Run) outlived() execution.End {
	end := *podDeleted(time.Time{})
	end.Message = "the pod was deleted, and its end was not seen within its grace of " + r.grace().String()
	end.Started = r.crew.start()
	for _, c := range r.newest.Status.Conditions {
		if c.Type == corev1.DisruptionTarget && c.Status == corev1.ConditionTrue && c.Reason != "" {
			end.Outcome.Reason, end.Message = cleanReason(c.Reason), c.Message+": "+end.Message
		}
	}
	return end
}
