package progress

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Why returns why a pod does not run or is not ready, or nothing if there is
// nothing to say.
func Why(pod *corev1.Pod) string {
	for _, s := range statuses(pod) {
		switch waiting, ended := s.State.Waiting, cmp.Or(s.State.Terminated, s.LastTerminationState.Terminated); {
		case waiting != nil && waiting.Reason == "CrashLoopBackOff" && ended != nil:
			return fmt.Sprintf("container %s ended with status %d and is started again: CrashLoopBackOff", s.Name, ended.ExitCode)
		case waiting != nil && !isUsual(waiting.Reason):
			reason, message := pulling(waiting.Reason, waiting.Message)
			return sentence("container "+s.Name+": "+reason, message)
		case s.State.Running != nil && !s.Ready && ended != nil:
			return fmt.Sprintf("container %s ended with status %d and was started again", s.Name, ended.ExitCode)
		case s.State.Terminated != nil && s.State.Terminated.ExitCode != 0:
			return sentence(fmt.Sprintf("container %s ended with status %d", s.Name, ended.ExitCode), ended.Message)
		}
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return sentence(c.Reason, c.Message)
		}
	}
	if pod.Status.Reason != "" {
		return sentence(pod.Status.Reason, pod.Status.Message)
	}
	return ""
}

func statuses(pod *corev1.Pod) []corev1.ContainerStatus {
	return append(append([]corev1.ContainerStatus{}, pod.Status.InitContainerStatuses...), pod.Status.ContainerStatuses...)
}

const errImagePull = "ErrImagePull"

// pulling makes one reason of the two between which a container goes to and fro
// whose image cannot be pulled.
func pulling(reason, message string) (string, string) {
	if reason != "ImagePullBackOff" {
		return reason, message
	}
	if strings.HasPrefix(message, "Back-off pulling image ") {
		if _, cause, found := strings.Cut(message, errImagePull+": "); found {
			message = cause
		}
	}
	return errImagePull, message
}

// isUsual is whether a container waits for what every container waits for.
func isUsual(reason string) bool {
	return reason == "" || reason == "ContainerCreating" || reason == "PodInitializing"
}

// sentence puts foreign text together so that it stays on a line of its own, and
// does nothing to the terminal of whoever reads it.
func sentence(reason, message string) string {
	if message = plain(message); message == "" {
		return plain(reason)
	}
	return plain(reason) + ": " + message
}

func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
	return execution.Truncate(strings.Join(strings.Fields(text), " "), execution.MaxMessage)
}
