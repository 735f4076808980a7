package progress

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// WhyNotReady returns why a pod does not run or is not ready, or nothing if no reason
// is known.
func WhyNotReady(pod *corev1.Pod) string {
	for _, s := range statuses(pod) {
		switch waiting, ended := s.State.Waiting, cmp.Or(s.State.Terminated, s.LastTerminationState.Terminated); {
		case waiting != nil && waiting.Reason == "CrashLoopBackOff" && ended != nil:
			return fmt.Sprintf("container %s exited with code %d and is being restarted: CrashLoopBackOff", s.Name, ended.ExitCode)
		case waiting != nil && !isNormalWaiting(waiting.Reason):
			reason, message := imagePullReason(waiting.Reason, waiting.Message)
			return sentence("container "+s.Name+": "+reason, message)
		case s.State.Running != nil && !s.Ready && ended != nil:
			return fmt.Sprintf("container %s exited with code %d and was restarted", s.Name, ended.ExitCode)
		case s.State.Terminated != nil && s.State.Terminated.ExitCode != 0:
			return sentence(fmt.Sprintf("container %s exited with code %d", s.Name, ended.ExitCode), ended.Message)
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

// imagePullReason returns one reason for the two between which a container alternates
// whose image cannot be pulled.
func imagePullReason(reason, message string) (string, string) {
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

// isNormalWaiting reports whether every container waits for this reason at first.
func isNormalWaiting(reason string) bool {
	return reason == "" || reason == "ContainerCreating" || reason == "PodInitializing"
}

// sentence joins foreign texts into one line without control characters, which could
// affect a terminal.
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
