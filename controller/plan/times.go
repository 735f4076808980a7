package plan

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// earliestStart returns when the work of the first attempt started.
func earliestStart(job *batchv1.Job, pods []*corev1.Pod) time.Time {
	var first time.Time
	for _, pod := range pods {
		first = earlier(first, crewOf(job, pod).start())
	}
	return first
}

// start returns when the work of the pod started: the first container of the
// template, or an init container if it did not come to that.
func (c crew) start() time.Time {
	if at := firstStart(c.works); !at.IsZero() {
		return at
	}
	return firstStart(c.prepares)
}

func firstStart(members []member) time.Time {
	var first time.Time
	for _, m := range members {
		// A container that was started again in place has the time of the last one.
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
	if at.Unix() <= 0 { // one that could not be started has a time too: that of the epoch
		return time.Time{}
	}
	return at
}

// earlier returns the earlier of two times, of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// finish returns when the work of the pod ended, as far as is known.
func (c crew) finish() time.Time {
	for _, members := range [][]member{c.works, c.prepares, c.injected} {
		if last := lastFinish(members); !last.IsZero() {
			return last
		}
	}
	// No container was seen to end: an end before its start would be absurd.
	if at := c.start(); !at.IsZero() {
		return at
	}
	return c.pod.CreationTimestamp.Time // it was refused or evicted before a container ran
}

func lastFinish(members []member) time.Time {
	var last time.Time
	for _, m := range members {
		if t := m.terminated(); t != nil && t.FinishedAt.After(last) {
			last = t.FinishedAt.Time
		}
	}
	return last
}
