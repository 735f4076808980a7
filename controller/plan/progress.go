package plan

import (
	"cmp"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// Progress is the state of a Job and its pods.
type Progress struct {
	Waiting     time.Time      // since when it waits for a container to start
	Running     bool           // every container has started once, or an init container runs
	Started     time.Time      // when the first container of the template started; zero if none has
	End         *execution.End // nil while a pod runs or may still run
	Doomed      *execution.End // the Job has failed, though a pod of it may still run
	Done        *execution.End // the template's containers have ended, though an injected container may still run
	CannotStart bool           // nothing runs, and nothing will: the pod is gone, or about to be
	newest      *corev1.Pod
	containers  podContainers // of the newest pod
	job         *batchv1.Job
}

// ProgressOf returns the state of a Job and its pods. It does not wait for the Job's
// conditions: the Job controller sets them a second or more after the pod has
// ended, and never for a pod on a dead node.
func ProgressOf(job *batchv1.Job, pods []*corev1.Pod) Progress {
	r := Progress{job: job, newest: NewestPod(pods), Waiting: job.CreationTimestamp.Time}
	if r.newest != nil {
		r.containers = containersOf(job, r.newest)
		r.Waiting = r.newest.CreationTimestamp.Time
		if prepared := lastFinish(r.containers.init); prepared.After(r.Waiting) {
			r.Waiting = prepared
		}
		r.Running = r.containers.started() || r.containers.preparing()
		r.Started = firstStart(r.containers.main)
		r.Done = r.containers.templateEnd()
		if r.Done != nil && r.Done.Outcome.State != execution.Succeeded && r.attemptsLeft(pods) {
			r.Done = nil // the Job controller creates another pod when this one ends
		}
	}
	r.CannotStart = r.newest == nil || (!r.containers.anyRunning() && deletedWithoutGrace(r.newest))
	switch {
	case hasSucceeded(pods):
		r.End = r.succeeded(pods)
	case jobFailed(job) != nil:
		r.Doomed = r.failedJob(jobFailed(job))
	case len(pods) > 0 && failedPods(pods) > int(backoffLimit(job)):
		r.End = r.containers.end()
	case jobCompleted(job) != nil: // its pod is gone already
		r.End = &execution.End{Outcome: execution.Outcome{State: execution.Succeeded}, Finished: jobCompletion(job)}
	}
	for _, end := range []*execution.End{r.End, r.Doomed} {
		if end == nil {
			continue
		}
		end.Started = earliestStart(job, pods)
		if stopped, ok := StopOf(job); ok {
			*end = endOfStopped(*end, stopped, failedAt(job))
		}
	}
	return r
}

// endOfStopped returns the end of a pod whose Job the controller stopped at a time,
// for the reason in stopped. The pod fails without a reason of its own. A pod that
// never ran has no times: it ended no earlier than it was stopped.
func endOfStopped(end, stopped execution.End, at time.Time) execution.End {
	if end.Outcome.State == execution.Succeeded {
		return end
	}
	end.Outcome, end.Message = stopped.Outcome, stopped.Message
	switch {
	case !stopped.Finished.IsZero():
		end.Started, end.Finished = stopped.Started, stopped.Finished
	case end.Finished.Before(at):
		end.Finished = at
	}
	return end
}

// failedAt returns when the Job controller has failed a Job, or zero.
func failedAt(job *batchv1.Job) time.Time {
	if condition := jobFailed(job); condition != nil {
		return condition.LastTransitionTime.Time
	}
	return time.Time{}
}

// attemptsLeft reports whether the Job controller replaces the newest pod if it
// fails.
func (r Progress) attemptsLeft(pods []*corev1.Pod) bool {
	failed := failedPods(pods)
	if r.newest.Status.Phase != corev1.PodFailed {
		failed++
	}
	return failed <= int(backoffLimit(r.job))
}

// WhyNotStarted returns the end of a task whose pod never started, with the
// pod's own reason.
func (r Progress) WhyNotStarted() execution.End {
	reason, message := execution.PodNotCreated, "the Job controller created no pod; see the events of the Job for the cause, such as a quota, a webhook or Pod Security"
	if r.newest != nil {
		reason, message = r.containers.waitingReason()
	}
	return execution.End{Outcome: execution.Outcome{State: execution.Failed, Reason: reason}, Message: message}
}

// cannotRun reports whether no pod runs or will run. A missing pod is no proof, as
// the cache may lag behind. A failed Job is, because the Job controller marks it
// only after all pods have ended.
func (r Progress) cannotRun() bool {
	return r.CannotStart && (r.newest != nil || jobCondition(r.job, batchv1.JobFailed) != nil)
}

// deletedWithoutGrace reports whether a pod is being deleted and has no node, or the
// kubelet has deleted it again without a grace period, because none of its containers
// runs. Before that, a container may run that its status does not show yet.
func deletedWithoutGrace(pod *corev1.Pod) bool {
	grace := pod.DeletionGracePeriodSeconds
	return pod.DeletionTimestamp != nil && (pod.Spec.NodeName == "" || (grace != nil && *grace == 0))
}

// hasEnded reports whether a pod has ended. The kubelet sets its phase when none of
// its containers runs any more.
func hasEnded(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded
}

// workStart returns when the first container of the newest pod started, init
// containers included: they count towards the deadline that the kubelet enforces.
func (r Progress) workStart() time.Time {
	return earlier(r.Started, firstStart(r.containers.init))
}

// ended reports whether the newest pod has ended by itself.
func (r Progress) ended() bool {
	return r.newest != nil && hasEnded(r.newest)
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

// StopOf returns why the controller stopped a Job, if it did. It ignores an
// annotation that the controller never writes: any other state, or a success
// without the times of its work.
func StopOf(job *batchv1.Job) (execution.End, bool) {
	state, reason, ok := strings.Cut(job.Annotations[jobspec.StopAnnotation], "/")
	if !ok {
		return execution.End{}, false
	}
	end := execution.End{
		Outcome: execution.Outcome{State: execution.State(state), Reason: cleanReason(reason)},
		Message: execution.Truncate(job.Annotations[jobspec.StopMessageAnnotation], execution.MaxMessage),
	}
	end.Started, end.Finished = jobspec.ParseRan(job.Annotations[jobspec.StopRanAnnotation])
	switch {
	case end.Outcome.State == execution.Failed, end.Outcome.State == execution.Lost, end.Outcome.State == execution.Canceled:
		return end, true
	case end.Outcome.State == execution.Succeeded && reason == "" && !end.Finished.IsZero():
		return execution.End{Outcome: execution.Outcome{State: execution.Succeeded}, Started: end.Started, Finished: end.Finished}, true
	default:
		return execution.End{}, false
	}
}

// jobFailed returns the condition that a Job has failed or is about to:
// FailureTarget comes first, and Failed may wait for a pod that never ends.
func jobFailed(job *batchv1.Job) *batchv1.JobCondition {
	return cmp.Or(jobCondition(job, batchv1.JobFailed), jobCondition(job, batchv1.JobFailureTarget))
}

// jobCompleted returns the condition that a Job has completed or is about to.
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
