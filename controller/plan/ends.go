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

func (r Run) succeeded(pods []*corev1.Pod) *execution.End {
	i := slices.IndexFunc(pods, func(p *corev1.Pod) bool { return p.Status.Phase == corev1.PodSucceeded })
	return &execution.End{Outcome: execution.Outcome{State: execution.Succeeded}, Finished: crewOf(r.job, pods[i]).finish()}
}

func podDeleted(at time.Time) *execution.End {
	return &execution.End{
		Outcome:  execution.Outcome{State: execution.Lost, Reason: execution.PodDeleted},
		Message:  "the pod was deleted before its end was seen",
		Finished: at,
	}
}

// end tells how a pod that has failed ended: as its work did, if only a
// container that others added has failed it.
func (c crew) end() *execution.End {
	if done := c.done(); done != nil {
		return done
	}
	return c.failure()
}

// failure tells why a pod failed: what it says itself, such as Evicted, or
// else the container that did not end well first, or what was done to it.
func (c crew) failure() *execution.End {
	pod, failed := c.pod, c.failed()
	end := &execution.End{
		Outcome: execution.Outcome{State: execution.Failed, Reason: execution.ContainerFailed},
		Message: pod.Status.Message, Finished: c.finish(),
	}
	if failed != nil {
		end.Outcome.Reason, end.Message = failed.failure()
	}
	switch reason := pod.Status.Reason; {
	case reason == "" && failed == nil && pod.DeletionTimestamp != nil:
		return podDeleted(end.Finished)
	case reason == "" && failed != nil && end.Outcome.Reason == execution.ContainerFailed:
		if why, said := killer(pod, failed.terminated()); why != "" {
			end.Outcome.Reason, end.Message = why, said+": "+end.Message
		}
	case reason == "":
	case reason == podDeadlineExceeded && c.neverBegun(): // it was not for want of time to run
		end.Outcome.Reason, end.Message = c.waitingReason()
	case reason == podDeadlineExceeded: // the pod's own deadline is jobTimeout
		end.Outcome.Reason, end.Message = execution.JobTimeout, pod.Status.Message+named(c.ranToTheLast())
	default:
		end.Outcome.Reason, end.Message = cleanReason(pod.Status.Reason), pod.Status.Message
	}
	return end
}

// ranToTheLast returns the names of the containers that the kubelet ended with
// the pod.
func (c crew) ranToTheLast() (names []string) {
	told, _ := c.told()
	for _, m := range slices.Concat(c.prepares, c.works, c.injected) {
		t := m.terminated()
		if t != nil && (t.ExitCode != 0 || !told.IsZero()) && !t.FinishedAt.Time.Before(told) {
			names = append(names, m.name)
		}
	}
	return names
}

// named returns containers as the end of a message.
func named(containers []string) string {
	switch len(containers) {
	case 0:
		return ""
	case 1:
		return ": container " + containers[0]
	default:
		return ": containers " + strings.Join(containers, ", ")
	}
}

// podDeadlineExceeded is what the kubelet says of a pod that it has ended for
// its activeDeadlineSeconds.
const podDeadlineExceeded = "DeadlineExceeded"

// neverBegun reports whether a pod that has ended waited to the last for one of
// its containers, and not for its init containers to do their work.
func (c crew) neverBegun() bool {
	return !c.begun() && !slices.ContainsFunc(c.prepares, func(m member) bool {
		t := m.terminated()
		return t != nil && t.ExitCode != 0
	})
}

// failure tells how a container failed.
func (m member) failure() (reason execution.Reason, message string) {
	t := m.terminated()
	reason, message = execution.ContainerFailed, fmt.Sprintf("container %s ended with exit code %d", m.name, t.ExitCode)
	if said := strings.TrimSpace(t.Message); said != "" {
		message += ": " + said
	}
	if t.Reason != "" && t.Reason != "Error" {
		reason = cleanReason(t.Reason)
	}
	return reason, message
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

// failedJob tells why a Job failed whose pod did not: the controller stopped
// it, or somebody deleted its pod, or its backstop deadline bit.
func (r Run) failedJob(condition *batchv1.JobCondition) *execution.End {
	if r.Done != nil {
		end := *r.Done
		return &end
	}
	if r.newest != nil && r.newest.Status.Phase == corev1.PodFailed {
		end := r.crew.failure()
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

// waitingReason returns what keeps a pod from starting, in its own words. What
// a container of the template waits for comes first: a sidecar that is started
// again and again does not keep it from starting.
func (c crew) waitingReason() (reason execution.Reason, message string) {
	for _, m := range slices.Concat(c.works, c.prepares, c.sidecars) {
		if w := m.status.State.Waiting; w != nil && w.Reason != "" && w.Reason != "PodInitializing" && w.Reason != "ContainerCreating" {
			return cleanReason(w.Reason), fmt.Sprintf("container %s: %s", m.name, w.Message)
		}
	}
	for _, condition := range c.pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse && condition.Reason != "" {
			return cleanReason(condition.Reason), condition.Message
		}
	}
	if at := slices.IndexFunc(c.works, func(m member) bool { return !m.begun() }); at >= 0 && !c.start().IsZero() {
		return execution.PodNotStarted, fmt.Sprintf("container %s did not start, and the pod does not say why", c.works[at].name)
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
