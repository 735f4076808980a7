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

func (r Progress) succeeded(pods []*corev1.Pod) *execution.End {
	i := slices.IndexFunc(pods, func(p *corev1.Pod) bool { return p.Status.Phase == corev1.PodSucceeded })
	return &execution.End{Outcome: execution.Outcome{State: execution.Succeeded}, Finished: containersOf(r.job, pods[i]).finish()}
}

func podDeleted(at time.Time) *execution.End {
	return &execution.End{
		Outcome:  execution.Outcome{State: execution.Lost, Reason: execution.PodDeleted},
		Message:  "the pod was deleted before its end was observed",
		Finished: at,
	}
}

// end returns the end of a pod that has failed. If only an injected container
// failed, it is the end of the template's containers.
func (c podContainers) end() *execution.End {
	if done := c.templateEnd(); done != nil {
		return done
	}
	return c.failure()
}

// templateEnd returns the end of the template's containers. It is nil if they have not all
// ended by themselves, or if the pod has no injected container: then the pod's own
// end counts.
func (c podContainers) templateEnd() *execution.End {
	if len(c.injected) == 0 || slices.ContainsFunc(c.main, func(m containerState) bool { return m.terminated() == nil }) {
		return nil
	}
	finished := lastFinish(c.main)
	terminated, known := c.terminationRequested()
	if finished.IsZero() || !known || (!terminated.IsZero() && !finished.Before(terminated)) {
		return nil
	}
	end := &execution.End{Outcome: execution.Outcome{State: execution.Succeeded}, Started: firstStart(c.main), Finished: finished}
	if failed := firstFailed(c.main); failed != nil {
		end.Outcome.State = execution.Failed
		end.Outcome.Reason, end.Message = failed.failureReason()
	}
	return end
}

// terminationRequested returns when the pod was asked to terminate; zero: it was
// not. A script that exits with 0 after SIGTERM has not done its work. The time is
// unknown if the kubelet has deleted the pod again without a grace period, or has
// terminated it for a reason of its own.
func (c podContainers) terminationRequested() (at time.Time, known bool) {
	pod := c.pod
	if grace := pod.DeletionGracePeriodSeconds; pod.DeletionTimestamp != nil {
		if grace == nil || *grace == 0 {
			return time.Time{}, false
		}
		at, _ = deletedSince(pod)
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.DisruptionTarget && condition.Status == corev1.ConditionTrue {
			at = earlier(at, condition.LastTransitionTime.Time)
		}
	}
	if start, limit := pod.Status.StartTime, pod.Spec.ActiveDeadlineSeconds; start != nil && limit != nil {
		at = earlier(at, start.Add(time.Duration(*limit)*time.Second))
	}
	return at, pod.Status.Reason == "" || !at.IsZero()
}

// failure returns why a pod failed: the reason in its status, such as Evicted, else
// the container that failed first, else a disruption such as a deletion.
func (c podContainers) failure() *execution.End {
	pod, failed := c.pod, c.failed()
	end := &execution.End{
		Outcome: execution.Outcome{State: execution.Failed, Reason: execution.ContainerFailed},
		Message: pod.Status.Message, Finished: c.finish(),
	}
	if failed != nil {
		end.Outcome.Reason, end.Message = failed.failureReason()
	}
	switch reason := pod.Status.Reason; {
	case reason == "" && failed == nil && pod.DeletionTimestamp != nil:
		return podDeleted(end.Finished)
	case reason == "" && failed != nil && end.Outcome.Reason == execution.ContainerFailed:
		if cause, message := terminationCause(pod, failed.terminated()); cause != "" {
			end.Outcome.Reason, end.Message = cause, message+": "+end.Message
		}
	case reason == "":
	case reason == podDeadlineExceeded && c.neverStarted(): // jobTimeout is not the cause
		end.Outcome.Reason, end.Message = c.waitingReason()
	case reason == podDeadlineExceeded: // the pod's own deadline is jobTimeout
		end.Outcome.Reason, end.Message = execution.JobTimeout, pod.Status.Message+named(c.runningAtTermination())
	default:
		end.Outcome.Reason, end.Message = cleanReason(pod.Status.Reason), pod.Status.Message
	}
	return end
}

// runningAtTermination returns the names of the containers that the kubelet
// terminated with the pod.
func (c podContainers) runningAtTermination() (names []string) {
	terminated, _ := c.terminationRequested()
	for _, m := range slices.Concat(c.init, c.main, c.injected) {
		t := m.terminated()
		if t != nil && (t.ExitCode != 0 || !terminated.IsZero()) && !t.FinishedAt.Time.Before(terminated) {
			names = append(names, m.name)
		}
	}
	return names
}

// named formats container names as the end of a message.
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

// podDeadlineExceeded is the reason of a pod that the kubelet has terminated after
// its activeDeadlineSeconds.
const podDeadlineExceeded = "DeadlineExceeded"

// neverStarted reports whether an ended pod never started all of its containers,
// although no init container was the cause.
func (c podContainers) neverStarted() bool {
	return !c.started() && !slices.ContainsFunc(c.init, func(m containerState) bool {
		t := m.terminated()
		return t != nil && t.ExitCode != 0
	})
}

// failureReason returns why a container failed.
func (m containerState) failureReason() (reason execution.Reason, message string) {
	t := m.terminated()
	reason, message = execution.ContainerFailed, fmt.Sprintf("container %s exited with code %d", m.name, t.ExitCode)
	if detail := strings.TrimSpace(t.Message); detail != "" {
		message += ": " + detail
	}
	if t.Reason != "" && t.Reason != "Error" {
		reason = cleanReason(t.Reason)
	}
	return reason, message
}

// terminationCause returns why a container was terminated: its pod was evicted,
// preempted or deleted. Empty: it failed by itself.
func terminationCause(pod *corev1.Pod, c *corev1.ContainerStateTerminated) (reason execution.Reason, message string) {
	ended := c.FinishedAt.Time
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.DisruptionTarget && c.Status == corev1.ConditionTrue && c.Reason != "" && !ended.Before(c.LastTransitionTime.Time) {
			return cleanReason(c.Reason), c.Message
		}
	}
	if pod.DeletionTimestamp == nil || pod.DeletionGracePeriodSeconds == nil {
		return "", ""
	}
	// The deletion timestamp includes the grace period. Once all containers have
	// ended, the kubelet deletes the pod again without a grace period, which
	// overwrites both. Then only the signal that ended the container is left.
	grace := *pod.DeletionGracePeriodSeconds
	deleted := pod.DeletionTimestamp.Add(-time.Duration(grace) * time.Second)
	if ended.Before(deleted) && (grace > 0 || !wasKilled(c)) {
		return "", ""
	}
	return execution.PodDeleted, "the pod was deleted while it ran"
}

// wasKilled reports whether a container ended by a signal that the kubelet sends:
// SIGTERM, and SIGKILL after the grace period.
func wasKilled(c *corev1.ContainerStateTerminated) bool {
	return c.ExitCode == 128+15 || c.ExitCode == 128+9
}

// failedJob returns the end of a failed Job whose pod may not have failed: the
// controller stopped the Job, a client deleted its pod, or its deadline passed.
func (r Progress) failedJob(condition *batchv1.JobCondition) *execution.End {
	if r.Done != nil {
		end := *r.Done
		return &end
	}
	if r.newest != nil && r.newest.Status.Phase == corev1.PodFailed {
		end := r.containers.failure()
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

// waitingReason returns the status's reason why a pod does not start. The
// template's containers come first: a sidecar in a restart loop does not keep the
// pod from starting.
func (c podContainers) waitingReason() (reason execution.Reason, message string) {
	for _, m := range slices.Concat(c.main, c.init, c.sidecars) {
		if w := m.status.State.Waiting; w != nil && w.Reason != "" && w.Reason != "PodInitializing" && w.Reason != "ContainerCreating" {
			return cleanReason(w.Reason), fmt.Sprintf("container %s: %s", m.name, w.Message)
		}
	}
	for _, condition := range c.pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse && condition.Reason != "" {
			return cleanReason(condition.Reason), condition.Message
		}
	}
	if at := slices.IndexFunc(c.main, func(m containerState) bool { return !m.started() }); at >= 0 && !c.start().IsZero() {
		return execution.PodNotStarted, fmt.Sprintf("container %s did not start, and the pod's status has no reason", c.main[at].name)
	}
	return execution.PodNotStarted, "no container started, and the pod's status has no reason"
}

// cleanReason reduces a foreign reason to what fits a metric's label and a report.
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
