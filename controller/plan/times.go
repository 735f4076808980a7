package plan

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

// earliestStart returns when the first container of the first attempt started.
func earliestStart(pods []*corev1.Pod) time.Time {
	var first time.Time
	for _, pod := range pods {
		if at := firstStart(pod); !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

func firstStart(pod *corev1.Pod) time.Time {
	var first time.Time
	forStates(pod, func(s corev1.ContainerState) {
		var at time.Time
		switch {
		case s.Running != nil:
			at = s.Running.StartedAt.Time
		case s.Terminated != nil:
			at = s.Terminated.StartedAt.Time
		}
		// One that could not be started has a time too: that of the epoch.
		if at.Unix() > 0 && (first.IsZero() || at.Before(first)) {
			first = at
		}
	})
	return first
}

func lastFinish(pod *corev1.Pod) time.Time {
	var last time.Time
	forStates(pod, func(s corev1.ContainerState) {
		if s.Terminated != nil && s.Terminated.FinishedAt.After(last) {
			last = s.Terminated.FinishedAt.Time
		}
	})
	if last.IsZero() { // nobody saw a container end: an end before its start would be absurd
		last = firstStart(pod)
	}
	if last.IsZero() { // it was refused or evicted before a container ran
		last = pod.CreationTimestamp.Time
	}
	return last
}

func anyRunning(pod *corev1.Pod) bool {
	running := false
	forStates(pod, func(s corev1.ContainerState) { running = running || s.Running != nil })
	return running
}

func forStates(pod *corev1.Pod, f func(corev1.ContainerState)) {
	for _, c := range pod.Status.InitContainerStatuses {
		f(c.State)
	}
	for _, c := range pod.Status.ContainerStatuses {
		f(c.State)
	}
}
