package plan

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// earliestStart returns when the first attempt started.
func earliestStart(job *batchv1.Job, pods []*corev1.Pod) time.Time {
	var first time.Time
	for _, pod := range pods {
		first = earlier(first, containersOf(job, pod).start())
	}
	return first
}

// start returns when the pod's work started: its first container of the template,
// or else its first init container.
func (c podContainers) start() time.Time {
	if at := firstStart(c.main); !at.IsZero() {
		return at
	}
	return firstStart(c.init)
}

func firstStart(members []containerState) time.Time {
	var first time.Time
	for _, m := range members {
		// A container that was restarted in place has an earlier start in its last state.
		for _, state := range []corev1.ContainerState{m.status.State, m.status.LastTerminationState} {
			first = earlier(first, startOf(state))
		}
	}
	return first
}

func startOf(s corev1.ContainerState) time.Time {
	var at time.Time
	switch {
	case s.Running != nil:
		at = s.Running.StartedAt.Time
	case s.Terminated != nil:
		at = s.Terminated.StartedAt.Time
	}
	if at.Unix() <= 0 { // a container that could not be started has the Unix epoch
		return time.Time{}
	}
	return at
}

// earlier returns the earlier of two times. A zero time means none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// finish returns when the pod's work ended, as far as known.
func (c podContainers) finish() time.Time {
	for _, members := range [][]containerState{c.main, c.init, c.injected} {
		if last := lastFinish(members); !last.IsZero() {
			return last
		}
	}
	// No container has an end: the pod must not end before its start.
	if at := c.start(); !at.IsZero() {
		return at
	}
	return c.pod.CreationTimestamp.Time // it was rejected or evicted before a container ran
}

func lastFinish(members []containerState) time.Time {
	var last time.Time
	for _, m := range members {
		if t := m.terminated(); t != nil && t.FinishedAt.After(last) {
			last = t.FinishedAt.Time
		}
	}
	return last
}

// deletedSince reports whether a pod is being deleted, and since when: its deletion
// timestamp includes the grace period.
func deletedSince(pod *corev1.Pod) (since time.Time, ok bool) {
	if pod.DeletionTimestamp == nil {
		return time.Time{}, false
	}
	return pod.DeletionTimestamp.Add(-jobspec.Grace(pod.DeletionGracePeriodSeconds)), true
}
