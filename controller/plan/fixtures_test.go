package plan

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// origin is when the Job and its pod are created, unless a test says otherwise.
var origin = time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)

func after(d time.Duration) time.Time { return origin.Add(d) }

func stamp(d time.Duration) metav1.Time { return metav1.NewTime(after(d)) }

// Parts of a Job.

type jobOption func(*batchv1.Job)

func jobWith(options ...jobOption) *batchv1.Job {
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "check-20260304050000-0123456789", UID: "job", CreationTimestamp: stamp(0)},
		Spec:       batchv1.JobSpec{BackoffLimit: ptr.To[int32](0)},
	}
	for _, option := range options {
		option(job)
	}
	return job
}

func backoff(limit int32) jobOption {
	return func(j *batchv1.Job) { j.Spec.BackoffLimit = &limit }
}

func condition(kind batchv1.JobConditionType, reason string, since time.Duration) jobOption {
	return func(j *batchv1.Job) {
		j.Status.Conditions = append(j.Status.Conditions, batchv1.JobCondition{
			Type: kind, Status: corev1.ConditionTrue, Reason: reason, Message: "said the Job controller", LastTransitionTime: stamp(since),
		})
	}
}

func stopped(reason, message string) jobOption {
	return func(j *batchv1.Job) {
		annotated(jobspec.StopAnnotation, reason)(j)
		annotated(jobspec.StopMessageAnnotation, message)(j)
	}
}

// ran is what a stop keeps of the times of a pod whose work was done.
func ran(from, to time.Duration) jobOption {
	return annotated(jobspec.StopRanAnnotation, jobspec.FormatRan(after(from), after(to)))
}

// ofContainers names the containers of the Job's template.
func ofContainers(names string) jobOption { return annotated(jobspec.ContainersAnnotation, names) }

func annotated(name, value string) jobOption {
	return func(j *batchv1.Job) {
		if j.Annotations == nil {
			j.Annotations = map[string]string{}
		}
		j.Annotations[name] = value
	}
}

func templateGrace(grace time.Duration) jobOption {
	return func(j *batchv1.Job) {
		j.Spec.Template.Spec.TerminationGracePeriodSeconds = ptr.To(int64(grace / time.Second))
	}
}

func completedAt(d time.Duration) jobOption {
	return func(j *batchv1.Job) { j.Status.CompletionTime = ptr.To(stamp(d)) }
}

// Parts of a pod.

type podOption func(*corev1.Pod)

func podWith(options ...podOption) *corev1.Pod {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "pod", CreationTimestamp: stamp(0)},
		Status:     corev1.PodStatus{Phase: corev1.PodPending},
	}
	for _, option := range options {
		option(pod)
	}
	return pod
}

func pods(all ...*corev1.Pod) []*corev1.Pod { return all }

func born(d time.Duration) podOption {
	return func(p *corev1.Pod) { p.CreationTimestamp = stamp(d) }
}

func phase(phase corev1.PodPhase) podOption {
	return func(p *corev1.Pod) { p.Status.Phase = phase }
}

func says(reason, message string) podOption {
	return func(p *corev1.Pod) { p.Status.Reason, p.Status.Message = reason, message }
}

func deleting(p *corev1.Pod) { p.DeletionTimestamp = ptr.To(stamp(time.Hour)) }

// deletedAt has the pod deleted at a time, with the usual grace.
func deletedAt(d time.Duration) podOption { return deletedFor(d, 30*time.Second) }

// deletedFor has the pod deleted at a time, with a grace.
func deletedFor(d, grace time.Duration) podOption {
	return func(p *corev1.Pod) {
		p.DeletionTimestamp, p.DeletionGracePeriodSeconds = ptr.To(stamp(d+grace)), ptr.To(int64(grace/time.Second))
	}
}

func graceOf(grace time.Duration) podOption {
	return func(p *corev1.Pod) { p.Spec.TerminationGracePeriodSeconds = ptr.To(int64(grace / time.Second)) }
}

// activeFrom is when the kubelet took the pod, and for how long it may run.
func activeFrom(start, limit time.Duration) podOption {
	return func(p *corev1.Pod) {
		p.Status.StartTime, p.Spec.ActiveDeadlineSeconds = ptr.To(stamp(start)), ptr.To(int64(limit/time.Second))
	}
}

func ofExecution(id string) podOption {
	return func(p *corev1.Pod) { p.Labels = map[string]string{jobspec.ExecutionLabel: id} }
}

// onNode has the pod on its node.
func onNode(p *corev1.Pod) { p.Spec.NodeName = "node" }

// goneAt is a pod that was being deleted, after the kubelet's own delete, once none of its
// containers runs. A finalizer keeps it until the Job controller has counted it.
func goneAt(d time.Duration) podOption {
	return func(p *corev1.Pod) {
		p.DeletionTimestamp, p.DeletionGracePeriodSeconds = ptr.To(stamp(d)), ptr.To[int64](0)
	}
}

// disrupted is the condition of a pod that is evicted or preempted.
func disrupted(reason string, at time.Duration) podOption {
	return func(p *corev1.Pod) {
		p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{
			Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: reason, Message: "told to go", LastTransitionTime: stamp(at),
		})
	}
}

func container(name string, state corev1.ContainerState) podOption {
	return func(p *corev1.Pod) {
		p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: name})
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{Name: name, State: state})
	}
}

// unseen is a container without a status from the kubelet.
func unseen(name string) podOption {
	return func(p *corev1.Pod) { p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: name}) }
}

// restarted is a container that was started again in place.
func restarted(name string, state, last corev1.ContainerState) podOption {
	return func(p *corev1.Pod) {
		unseen(name)(p)
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{Name: name, State: state, LastTerminationState: last, RestartCount: 1})
	}
}

func initContainer(name string, state corev1.ContainerState) podOption {
	return func(p *corev1.Pod) {
		p.Spec.InitContainers = append(p.Spec.InitContainers, corev1.Container{Name: name})
		p.Status.InitContainerStatuses = append(p.Status.InitContainerStatuses, corev1.ContainerStatus{Name: name, State: state})
	}
}

// sidecar is an init container that runs beside the others.
func sidecar(name string, state corev1.ContainerState) podOption {
	return func(p *corev1.Pod) {
		initContainer(name, state)(p)
		p.Spec.InitContainers[len(p.Spec.InitContainers)-1].RestartPolicy = ptr.To(corev1.ContainerRestartPolicyAlways)
	}
}

// debugged has a container for debugging beside the others, as of kubectl debug.
func debugged(state corev1.ContainerState) podOption {
	return func(p *corev1.Pod) {
		p.Spec.EphemeralContainers = append(p.Spec.EphemeralContainers, corev1.EphemeralContainer{})
		p.Status.EphemeralContainerStatuses = append(p.Status.EphemeralContainerStatuses, corev1.ContainerStatus{Name: "debugger", State: state})
	}
}

func running(since time.Duration) corev1.ContainerState {
	return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: stamp(since)}}
}

func waiting(reason, message string) corev1.ContainerState {
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
}

func exited(code int32, reason string, from, to time.Duration) corev1.ContainerState {
	return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		ExitCode: code, Reason: reason, StartedAt: stamp(from), FinishedAt: stamp(to),
	}}
}

// unstartable is the status of a container that the runtime could not start.
func unstartable(at time.Duration) corev1.ContainerState {
	return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		ExitCode: 128, Reason: "StartError", Message: "no such file", StartedAt: metav1.Unix(0, 0), FinishedAt: stamp(at),
	}}
}

// vanished is the status of a container that the kubelet cannot locate.
func vanished() corev1.ContainerState {
	return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		ExitCode: 137, Reason: "ContainerStatusUnknown", Message: "The container could not be located",
	}}
}

func unscheduled(reason, message string) podOption {
	return func(p *corev1.Pod) {
		p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{
			Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: reason, Message: message,
		})
	}
}

// Whole pods.

func runningPod(since time.Duration, options ...podOption) *corev1.Pod {
	return podWith(append([]podOption{phase(corev1.PodRunning), container("check", running(since))}, options...)...)
}

func succeededPod(from, to time.Duration) *corev1.Pod {
	return podWith(phase(corev1.PodSucceeded), container("check", exited(0, "Completed", from, to)))
}

func failedPodAt(from, to time.Duration, options ...podOption) *corev1.Pod {
	return podWith(append([]podOption{born(from), phase(corev1.PodFailed), container("check", exited(1, "Error", from, to))}, options...)...)
}

// Ends.

func ended(state execution.State, reason execution.Reason) execution.Outcome {
	return execution.Outcome{State: state, Reason: reason}
}
