package progress

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Started returns when the first of a controller's running processes started, or no
// time if none runs. The age of a pod does not tell: the pod has to be scheduled and
// its image pulled first, and an ended container is restarted.
func Started(pods []corev1.Pod, container string) (first time.Time) {
	for i := range pods {
		if pods[i].DeletionTimestamp != nil {
			continue
		}
		for _, s := range pods[i].Status.ContainerStatuses {
			if at := runningSince(s); s.Name == container && !at.IsZero() && (first.IsZero() || at.Before(first)) {
				first = at
			}
		}
	}
	return first
}

// runningSince returns when a running container started, or no time if it does not
// run.
func runningSince(s corev1.ContainerStatus) time.Time {
	if s.State.Running == nil {
		return time.Time{}
	}
	return s.State.Running.StartedAt.Time
}
