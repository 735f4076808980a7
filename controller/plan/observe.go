package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// Run is what a Job and its pods say of themselves.
type Run struct {
	Waiting     time.Time      // since when it waits for a container to start
	Started     time.Time      // when the first container started; zero if none has
	End         *execution.End // nil while a pod runs or may still run
	Doomed      *execution.End // the Job has failed, though a pod of it may still run
	CannotStart bool           // nothing runs, and the pod is being deleted or gone
	newest      *corev1.Pod
	job         *batchv1.Job
}

// Observe reads a Job and its pods. It does not wait for the Job's own
// conditions: the Job controller sets them a second or more after the pod has
// ended, and for a pod that hangs on a dead node, never.
func Observe(job *batchv1.Job, pods []*corev1.Pod) Run {
	r := Run{job: job, newest: NewestPod(pods), Waiting: job.CreationTimestamp.Time}
	if r.newest != nil {
		r.Waiting = r.newest.CreationTimestamp.Time
		r.Started = firstStart(r.newest)
	}
	r.CannotStart = r.newest == nil || (r.newest.DeletionTimestamp != nil && !anyRunning(r.newest))
	switch {
	case hasSucceeded(pods):
		r.End = succeeded(pods)
	case jobFailed(job) != nil:
		r.Doomed = r.failedJob(jobFailed(job))
	case len(pods) > 0 && failedPods(pods) > int(backoffLimit(job)):
		r.End = failedPod(r.newest)
	case jobCompleted(job) != nil: // its pod is gone already
		r.End = &execution.End{Outcome: execution.Outcome{State: execution.Succeeded}, Finished: jobCompletion(job)}
	}
	for _, end := range []*execution.End{r.End, r.Doomed} {
		if end == nil {
			continue
		}
		end.Started = earliestStart(pods)
		// A pod that the controller had stopped fails too, for no reason of its own.
		if stopped, ok := StopOf(job); ok && end.Outcome.State != execution.Succeeded {
			end.Outcome, end.Message = stopped.Outcome, stopped.Message
		}
	}
	return r
}

// WhyNotStarted returns the end of a task whose pod never started, with the
// pod's own reason.
func (r Run) WhyNotStarted() execution.End {
	reason, message := execution.PodNotCreated, "the Job controller created no pod"
	if r.newest != nil {
		reason, message = waitingReason(r.newest)
	}
	return execution.End{Outcome: execution.Outcome{State: execution.Failed, Reason: reason}, Message: message}
}

// ended reports whether the newest pod has ended by itself.
func (r Run) ended() bool {
	return r.newest != nil && (r.newest.Status.Phase == corev1.PodFailed || r.newest.Status.Phase == corev1.PodSucceeded)
}

// attempt returns when the last attempt ended, at the latest, and how the task
// ends if no other follows.
func (r Run) attempt(s Sight) (ended time.Time, end execution.End) {
	if r.newest != nil {
		end = *failedPod(r.newest)
		end.Started = r.Started
		return end.Finished, end
	}
	attempts := time.Duration(backoffLimit(r.job)) + 1
	ended = s.Task.Started.Add(attempts * s.Settings.JobTimeout)
	return ended, *podDeleted(ended)
}

// NewestPod returns the pod that was created last, or nil.
func NewestPod(pods []*corev1.Pod) *corev1.Pod {
	if len(pods) == 0 {
		return nil
	}
	return slices.MaxFunc(pods, func(a, b *corev1.Pod) int {
		return a.CreationTimestamp.Compare(b.CreationTimestamp.Time)
	})
}

func backoffLimit(job *batchv1.Job) int32 {
	if job.Spec.BackoffLimit == nil {
		return 0
	}
	return *job.Spec.BackoffLimit
}

func hasSucceeded(pods []*corev1.Pod) bool {
	return slices.ContainsFunc(pods, func(p *corev1.Pod) bool { return p.Status.Phase == corev1.PodSucceeded })
}

func failedPods(pods []*corev1.Pod) int {
	n := 0
	for _, p := range pods {
		if p.Status.Phase == corev1.PodFailed {
			n++
		}
	}
	return n
}

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
// else the container that did not end well first.
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
		return failedPod(r.newest)
	}
	if condition.Reason == batchv1.JobReasonBackoffLimitExceeded {
		return podDeleted(condition.LastTransitionTime.Time)
	}
	return &execution.End{
		Outcome: execution.Outcome{State: execution.Failed, Reason: cleanReason(condition.Reason)},
		Message: condition.Message, Finished: condition.LastTransitionTime.Time,
	}
}

// StopOf returns why the controller stopped a Job, if it did. It never does so
// for another end than these two, whatever the annotation says.
func StopOf(job *batchv1.Job) (execution.End, bool) {
	state, reason, ok := strings.Cut(job.Annotations[jobspec.StopAnnotation], "/")
	if !ok || (execution.State(state) != execution.Failed && execution.State(state) != execution.Lost) {
		return execution.End{}, false
	}
	return execution.End{
		Outcome: execution.Outcome{State: execution.State(state), Reason: cleanReason(reason)},
		Message: execution.Truncate(job.Annotations[jobspec.StopMessageAnnotation], execution.MaxMessage),
	}, true
}

// jobFailed returns the condition by which a Job has failed or is about to:
// FailureTarget comes first, and Failed may wait for a pod that never ends.
func jobFailed(job *batchv1.Job) *batchv1.JobCondition {
	return cmp.Or(jobCondition(job, batchv1.JobFailed), jobCondition(job, batchv1.JobFailureTarget))
}

// jobCompleted returns the condition by which a Job has completed or is about
// to.
func jobCompleted(job *batchv1.Job) *batchv1.JobCondition {
	return cmp.Or(jobCondition(job, batchv1.JobComplete), jobCondition(job, batchv1.JobSuccessCriteriaMet))
}

func jobCondition(job *batchv1.Job, kind batchv1.JobConditionType) *batchv1.JobCondition {
	i := slices.IndexFunc(job.Status.Conditions, func(c batchv1.JobCondition) bool {
		return c.Type == kind && c.Status == corev1.ConditionTrue
	})
	if i < 0 {
		return nil
	}
	return &job.Status.Conditions[i]
}

func jobCompletion(job *batchv1.Job) time.Time {
	if job.Status.CompletionTime == nil {
		return jobCompleted(job).LastTransitionTime.Time
	}
	return job.Status.CompletionTime.Time
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
		if !at.IsZero() && (first.IsZero() || at.Before(first)) {
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
