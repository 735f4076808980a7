package plan

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// nextWhileThePodRuns: the pod runs.
func nextWhileThePodRuns() map[string]nextCase {
	return map[string]nextCase{
		"the pod runs": {
			observation: Observation{Job: jobWith(), Pods: pods(runningPod(10 * time.Second))}, now: time.Minute,
			want: Wait, wantStarted: after(10 * time.Second), wantRecheck: jobTimeout + stopWait - 50*time.Second,
		},
		"the pod runs beyond its time, and the kubelet has a grace": {
			observation: Observation{Job: jobWith(), Pods: pods(runningPod(0))}, now: jobTimeout + stopWait - time.Second,
			want: Wait, wantStarted: after(0), wantRecheck: time.Second,
		},
		"the pod runs beyond its time and the grace": {
			observation: Observation{Job: jobWith(), Pods: pods(runningPod(0))}, now: jobTimeout + stopWait, want: Stop,
			wantOutcome: ended(execution.Failed, execution.JobTimeout), wantMessage: "still running after 1h0m0s: container check",
		},
		"stopped, and the pod is being killed": {
			observation: Observation{Job: jobWith(), Pods: pods(runningPod(0, deletedAt(jobTimeout+stopWait))), Stopped: told(jobTimeout+stopWait, execution.Failed, execution.JobTimeout)},
			now:         jobTimeout + stopWait + 20*time.Second, want: Wait, wantStarted: after(0), wantRecheck: stopWait - 20*time.Second,
		},
		"stopped, and the pod runs on a dead node": {
			observation: Observation{Job: jobWith(), Pods: pods(runningPod(0, deletedAt(jobTimeout+stopWait))), Stopped: told(jobTimeout+stopWait, execution.Failed, execution.JobTimeout)},
			now:         jobTimeout + 2*stopWait, want: Finish,
			wantOutcome: ended(execution.Failed, execution.JobTimeout),
		},
	}
}

// nextBesideAnInjectedContainer: an injected container still runs.
func nextBesideAnInjectedContainer() map[string]nextCase {
	return map[string]nextCase{
		"the work is done, and an injected container still runs": {
			observation: Observation{Job: jobWith(ofContainers("check")), Pods: pods(meshed(exited(0, "Completed", time.Second, 9*time.Second)))}, now: 10 * time.Second,
			want: Stop, wantOutcome: ended(execution.Succeeded, ""),
		},
		"the work has failed, and an injected container still runs": {
			observation: Observation{Job: jobWith(ofContainers("check")), Pods: pods(meshed(exited(3, "Error", time.Second, 9*time.Second)))}, now: 10 * time.Second,
			want: Stop, wantOutcome: ended(execution.Failed, execution.ContainerFailed), wantMessage: "container check exited with code 3",
		},
		"the work is done, and its log is not saved": {
			observation: Observation{Settings: withLogs(), Job: jobWith(ofContainers("check")), Pods: pods(meshed(exited(0, "Completed", time.Second, 9*time.Second)))}, now: 10 * time.Second,
			want: SaveLogs, wantStarted: after(time.Second),
		},
		"the work is done, and its log is saved": {
			observation: Observation{Settings: withLogs(), LogsSaved: true, Job: jobWith(ofContainers("check")), Pods: pods(meshed(exited(0, "Completed", time.Second, 9*time.Second)))},
			now:         10 * time.Second, want: Stop, wantOutcome: ended(execution.Succeeded, ""),
		},
		"the work is done, and its node is gone with its log": {
			observation: Observation{Settings: withLogs(), NodeGone: true, Job: jobWith(ofContainers("check")), Pods: pods(meshed(exited(0, "Completed", time.Second, 9*time.Second)))},
			now:         10 * time.Second, want: Stop, wantOutcome: ended(execution.Succeeded, ""),
		},
		"stopped because the work is done, and the injected container takes its time": {
			observation: Observation{Settings: withLogs(), Job: jobWith(ofContainers("check")), Pods: pods(meshed(exited(0, "Completed", time.Second, 9*time.Second), deletedAt(11*time.Second))),
				Stopped: told(10*time.Second, execution.Succeeded, "")},
			now: 12 * time.Second, want: Wait, wantStarted: after(time.Second), wantRecheck: stopWait - time.Second,
		},
		"stopped because the work is done, by an earlier leader": {
			observation: Observation{Settings: withLogs(), Job: jobWith(ofContainers("check"), stopped("succeeded/", ""), ran(time.Second, 9*time.Second)),
				Pods: pods(meshed(exited(0, "Completed", time.Second, 9*time.Second), deletedAt(11*time.Second))), Stopped: told(12*time.Second, execution.Succeeded, "")},
			now: 13 * time.Second, want: Wait, wantStarted: after(time.Second), wantRecheck: stopWait - time.Second,
		},
		"stopped because the work is done, and the pod has ended before the cache has the annotation": {
			observation: Observation{Job: jobWith(ofContainers("check")), Stopped: told(10*time.Second, execution.Succeeded, ""),
				Pods: pods(podWith(phase(corev1.PodFailed), goneAt(20*time.Second), container("check", exited(0, "Completed", time.Second, 9*time.Second)), container("proxy", exited(137, "Error", 0, 20*time.Second))))},
			now: 21 * time.Second, want: Finish, wantOutcome: ended(execution.Succeeded, ""), wantMessage: "as told",
		},
		"stopped because the work is done, and the pod is gone": {
			observation: Observation{Job: jobWith(ofContainers("check"), stopped("succeeded/", ""), ran(time.Second, 9*time.Second), condition(batchv1.JobFailed, "DeadlineExceeded", 20*time.Second)),
				Stopped: told(10*time.Second, execution.Succeeded, "")},
			now: 21 * time.Second, want: Finish, wantOutcome: ended(execution.Succeeded, ""),
		},
		"the work has failed, another attempt is left, and an injected container still runs": {
			observation: Observation{Job: jobWith(backoff(1), ofContainers("check")), Pods: pods(meshed(exited(3, "Error", time.Second, 9*time.Second)))}, now: 10 * time.Second,
			want: Wait, wantStarted: after(time.Second), wantRecheck: jobTimeout + stopWait - 9*time.Second,
		},
		"the work is done, another attempt is left, and an injected container failed": {
			observation: Observation{Settings: withLogs(), Job: jobWith(backoff(1), ofContainers("check")), Pods: pods(podWith(phase(corev1.PodFailed),
				container("check", exited(0, "Completed", time.Second, 9*time.Second)), container("proxy", exited(1, "Error", 0, 20*time.Second))))},
			now: 21 * time.Second, want: Stop, wantOutcome: ended(execution.Succeeded, ""),
		},
		"an injected container's image cannot be pulled, and the work goes on": {
			observation: Observation{Job: jobWith(ofContainers("check")), Pods: pods(podWith(container("check", running(0)), container("proxy", waiting("ErrImagePull", "denied"))))},
			now:         startDeadline, want: Wait, wantStarted: after(0), wantRecheck: jobTimeout + stopWait - startDeadline,
		},
		"a Job of before, whose containers are not named": {
			observation: Observation{Job: jobWith(), Pods: pods(meshed(exited(0, "Completed", time.Second, 9*time.Second)))}, now: 10 * time.Second,
			want: Wait, wantStarted: after(0), wantRecheck: jobTimeout + stopWait - 10*time.Second,
		},
		"an injected container runs on with the template's": {
			observation: Observation{Job: jobWith(ofContainers("check")), Pods: pods(meshed(running(time.Second)))}, now: jobTimeout + stopWait + time.Second,
			want: Stop, wantOutcome: ended(execution.Failed, execution.JobTimeout), wantMessage: "still running after 1h0m0s: containers check, proxy",
		},
	}
}

// nextWithALongGrace: the pod has a long grace.
func nextWithALongGrace() map[string]nextCase {
	return map[string]nextCase{
		"the pod runs beyond its time, and has a long grace": {
			observation: Observation{Job: jobWith(), Pods: pods(runningPod(0, graceOf(10*time.Minute)))}, now: jobTimeout + stopWait,
			want: Wait, wantStarted: after(0), wantRecheck: 9*time.Minute + 30*time.Second,
		},
		"the pod runs beyond its time and its long grace": {
			observation: Observation{Job: jobWith(), Pods: pods(runningPod(0, graceOf(10*time.Minute)))}, now: jobTimeout + 10*time.Minute + StopMargin,
			want: Stop, wantOutcome: ended(execution.Failed, execution.JobTimeout),
		},
		"stopped, and the pod takes its grace": {
			observation: Observation{Job: jobWith(), Pods: pods(runningPod(0, deletedFor(61*time.Minute, 10*time.Minute))), Stopped: told(61*time.Minute, execution.Failed, execution.JobTimeout)},
			now:         71 * time.Minute, want: Wait, wantStarted: after(0), wantRecheck: StopMargin,
		},
		"stopped, and the pod has taken its grace and more": {
			observation: Observation{Job: jobWith(), Pods: pods(runningPod(0, deletedFor(61*time.Minute, 10*time.Minute))), Stopped: told(61*time.Minute, execution.Failed, execution.JobTimeout)},
			now:         72 * time.Minute, want: Finish, wantOutcome: ended(execution.Failed, execution.JobTimeout),
		},
		"stopped, and the Job controller deleted the pod much later": {
			observation: Observation{Job: jobWith(), Pods: pods(runningPod(0, deletedFor(75*time.Minute, 10*time.Minute))), Stopped: told(72*time.Minute, execution.Failed, execution.JobTimeout)},
			now:         85 * time.Minute, want: Wait, wantStarted: after(0), wantRecheck: StopMargin,
		},
		"stopped, and the pod was deleted with a shorter grace": {
			observation: Observation{Job: jobWith(), Pods: pods(runningPod(0, graceOf(10*time.Minute), deletedFor(72*time.Minute, 5*time.Second))), Stopped: told(72*time.Minute, execution.Failed, execution.JobTimeout)},
			now:         72*time.Minute + StopMargin, want: Wait, wantStarted: after(0), wantRecheck: 5 * time.Second,
		},
		"stopped, and the pod is not in the cache, but its template has a long grace": {
			observation: Observation{Job: jobWith(templateGrace(10 * time.Minute)), Stopped: told(startDeadline, execution.Failed, "ImagePullBackOff")},
			now:         startDeadline + 10*time.Minute, want: Wait, wantRecheck: StopMargin,
		},
		"stopped, and the pod that waits on its node may have started": {
			observation: Observation{Job: jobWith(), Pods: pods(podWith(onNode, deletedFor(startDeadline, 10*time.Minute), container("check", waiting("ContainerCreating", "")))),
				Stopped: told(startDeadline, execution.Failed, execution.PodNotStarted)},
			now: startDeadline + time.Second, want: Wait, wantRecheck: 11*time.Minute - time.Second,
		},
		"stopped, and the kubelet has nothing left of the pod": {
			observation: Observation{Job: jobWith(), Pods: pods(podWith(onNode, goneAt(startDeadline), container("check", waiting("ContainerCreating", "")))),
				Stopped: told(startDeadline, execution.Failed, execution.PodNotStarted)},
			now: startDeadline + time.Second, want: Finish, wantOutcome: ended(execution.Failed, execution.PodNotStarted),
		},
		"the Job is about to fail, and the pod takes its grace": {
			observation: Observation{
				Job:  jobWith(condition(batchv1.JobFailureTarget, "DeadlineExceeded", time.Minute)),
				Pods: pods(runningPod(10*time.Second, deletedFor(time.Minute, 10*time.Minute))),
			},
			now: 11 * time.Minute, want: Wait, wantStarted: after(10 * time.Second), wantRecheck: StopMargin,
		},
		"the Job is about to fail, and the pod was not deleted yet": {
			observation: Observation{
				Job:  jobWith(condition(batchv1.JobFailureTarget, "DeadlineExceeded", time.Minute)),
				Pods: pods(runningPod(10*time.Second, graceOf(10*time.Minute))),
			},
			now: 11 * time.Minute, want: Wait, wantStarted: after(10 * time.Second), wantRecheck: StopMargin,
		},
	}
}
