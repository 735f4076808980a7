package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func succeeded(pods []*corev1.Pod) *execution.End {
	i := slices.IndexFunc(pods, func(p *corev1.Pod) bool { return p.Status.Phase == corev1.PodSucceeded })
	return &execution.End{Outcome: execution.Outcome{State: execution.Succeeded}, Finished: lastFinish(pods[i])}
}

func podDeleted(at time.Time) *execution.End {
	return &execution.End{
		Outcome:  execution.Outcome{State: execution.Lost, Reason: execution.PodDeleted},
		Message:  "the pod was deleted before its end was seen",
		Finished: at,
	}
}

// failedPod tells why a pod failed: what it says itself, such as Evicted, or
// else the container that did not end well first, or what was done to it.
func failedPod(pod *corev1.Pod) *execution.End {
	end := &execution.End{
		Outcome: execution.Outcome{State: execution.Failed, Reason: execution.ContainerFailed},
		Message: pod.Status.Message, Finished: lastFinish(pod),
	}
	c := failedContainer(pod)
	if c != nil {
		end.Message = fmt.Sprintf("container %s ended with exit code %d", c.Name, c.State.Terminated.ExitCode)
		if said := strings.TrimSpace(c.State.Terminated.Message); said != "" {
			end.Message += ": " + said
		}
		if reason := c.State.Terminated.Reason; reason != "" && reason != "Error" {
			end.Outcome.Reason = cleanReason(reason)
		}
	}
	switch reason := pod.Status.Reason; {
	case reason == "" && c == nil && pod.DeletionTimestamp != nil:
		return podDeleted(end.Finished)
	case reason == "" && c != nil && end.Outcome.Reason == execution.ContainerFailed:
		if why, said := killer(pod, c.State.Terminated); why != "" {
			end.Outcome.Reason, end.Message = why, said+": "+end.Message
		}
	case reason == "":
	case reason == "DeadlineExceeded" && firstStart(pod).IsZero(): // it was not for want of time to run
		end.Outcome.Reason, end.Message = waitingReason(pod)
	case reason == "DeadlineExceeded": // the pod's own deadline is jobTimeout
		end.Outcome.Reason, end.Message = execution.JobTimeout, pod.Status.Message
	default:
		end.Outcome.Reason, end.Message = cleanReason(pod.Status.Reason), pod.Status.Message
	}
	return end
}

// killer returns why somebody else ended a container: its pod was evicted,
// preempted or deleted. Empty: nobody did, and it failed by itself.
func killer(pod *corev1.Pod, c *corev1.ContainerStateTerminated) (reason execution.Reason, message string) {
	ended := c.FinishedAt.Time
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.DisruptionTarget && c.Status == corev1.ConditionTrue && c.Reason != "" && !ended.Before(c.LastTransitionTime.Time) {
			return cleanReason(c.Reason), c.Message
		}
	}
	if pod.DeletionTimestamp == nil || pod.DeletionGracePeriodSeconds == nil {
		return "", ""
	}
	// The pod has the time at which its grace will be over. When all of it has
	// ended, the kubelet deletes it again, without grace, and the time becomes that
	// of then: what is left to tell is the signal that ended the container.
	grace := *pod.DeletionGracePeriodSeconds
	deleted := pod.DeletionTimestamp.Add(-time.Duration(grace) * time.Second)
	if ended.Before(deleted) && (grace > 0 || !wasKilled(c)) {
		return "", ""
	}
	return execution.PodDeleted, "the pod was deleted while it ran"
}

// wasKilled is whether a container ended by one of the signals that a kubelet
// sends: SIGTERM, and SIGKILL after the grace.
func wasKilled(c *corev1.ContainerStateTerminated) bool {
	return c.ExitCode == 128+15 || c.ExitCode == 128+9
}

// failedContainer returns the container that failed first: sidecars among the
// init containers are killed after it, and say so with an exit code too.
func failedContainer(pod *corev1.Pod) *corev1.ContainerStatus {
	var first *corev1.ContainerStatus
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses} {
		for i := range statuses {
			t := statuses[i].State.Terminated
			if t != nil && t.ExitCode != 0 && (first == nil || endedBefore(t, first.State.Terminated)) {
				first = &statuses[i]
			}
		}
	}
	return first
}

// endedBefore compares ends. One without a time was never seen, and comes last.
func endedBefore(a, b *corev1.ContainerStateTerminated) bool {
	if a.FinishedAt.IsZero() || b.FinishedAt.IsZero() {
		return !a.FinishedAt.IsZero()
	}
	return a.FinishedAt.Time.Before(b.FinishedAt.Time)
}

// failedJob tells why a Job failed whose pod did not: the controller stopped
// it, or somebody deleted its pod, or its backstop deadline bit.
func (r Run) failedJob(condition *batchv1.JobCondition) *execution.End {
	if r.newest != nil && r.newest.Status.Phase == corev1.PodFailed {
		end := failedPod(r.newest)
		// The Job controller deletes the pods of a Job past its deadline.
		if end.Outcome.Reason != execution.PodDeleted || condition.Reason == batchv1.JobReasonBackoffLimitExceeded {
			return end
		}
	}
	if condition.Reason == batchv1.JobReasonBackoffLimitExceeded {
		return podDeleted(condition.LastTransitionTime.Time)
	}
	return &execution.End{
		Outcome: execution.Outcome{State: execution.Failed, Reason: cleanReason(condition.Reason)},
		Message: condition.Message, Finished: condition.LastTransitionTime.Time,
	}
}

// waitingReason returns what keeps a pod from starting, in its own words.
func waitingReason(pod *corev1.Pod) (reason execution.Reason, message string) {
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for _, c := range statuses {
			if w := c.State.Waiting; w != nil && w.Reason != "" && w.Reason != "PodInitializing" && w.Reason != "ContainerCreating" {
				return cleanReason(w.Reason), fmt.Sprintf("container %s: %s", c.Name, w.Message)
			}
		}
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse && c.Reason != "" {
			return cleanReason(c.Reason), c.Message
		}
	}
	return execution.PodNotStarted, "no container started, and the pod does not say why"
}

// cleanReason makes a foreign word fit for a metric's label and a report.
func cleanReason(s string) execution.Reason {
	const longest = 64
	clean := strings.Map(func(r rune) rune {
		if ('A' <= r && r <= 'Z') || ('a' <= r && r <= 'z') || ('0' <= r && r <= '9') {
			return r
		}
		return -1
	}, s)
	if clean == "" {
		return "Unknown"
	}
	return execution.Reason(clean[:min(len(clean), longest)])
}
