package plan

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// nextOfADeletedPod: a client deleted the pod.
func nextOfADeletedPod() map[string]nextCase {
	return map[string]nextCase{
		"the pod was deleted, and takes its grace": {
			observation: Observation{Job: jobWith(), Pods: pods(runningPod(0, deletedFor(5*time.Minute, 10*time.Minute)))},
			now:         15 * time.Minute, want: Wait, wantStarted: after(0), wantRecheck: StopMargin,
		},
		"the pod was deleted, and its end does not come": {
			observation: Observation{Job: jobWith(), Pods: pods(runningPod(0, deletedFor(5*time.Minute, 10*time.Minute)))},
			now:         16 * time.Minute, want: Stop, wantOutcome: ended(execution.Lost, execution.PodDeleted), wantMessage: "not observed within its grace period of 10m0s",
		},
		"the Job was deleted, and its pod takes its grace": {
			observation: Observation{Created: true, Seen: true, Pods: pods(runningPod(0, onNode, deletedFor(5*time.Minute, 10*time.Minute)))},
			now:         15 * time.Minute, want: Wait, wantRecheck: StopMargin,
		},
		"the Job was deleted, and its pod is yet to be": {
			observation: Observation{Created: true, Seen: true, Pods: pods(runningPod(0, onNode))},
			now:         time.Minute, want: Wait, wantRecheck: jobTimeout + startDeadline + stopWait - time.Minute,
		},
		"the Job was deleted, and its pod has ended": {
			observation: Observation{Created: true, Seen: true, Pods: pods(failedPodAt(0, time.Second, onNode, deletedFor(5*time.Minute, 10*time.Minute)))},
			now:         6 * time.Minute, want: Verify, wantOutcome: ended(execution.Lost, execution.JobDeleted),
		},
		"the Job was deleted, and its pod had no node": {
			observation: Observation{Created: true, Seen: true, Pods: pods(podWith(deletedFor(5*time.Minute, 10*time.Minute)))},
			now:         6 * time.Minute, want: Verify, wantOutcome: ended(execution.Lost, execution.JobDeleted),
		},
		"the Job was deleted, and its pod has taken its grace and more": {
			observation: Observation{Created: true, Seen: true, Pods: pods(runningPod(0, onNode, deletedFor(5*time.Minute, 10*time.Minute)))},
			now:         16 * time.Minute, want: Verify, wantOutcome: ended(execution.Lost, execution.JobDeleted),
		},
	}
}

// nextAfterTheEnd: the pod has ended.
func nextAfterTheEnd() map[string]nextCase {
	return map[string]nextCase{
		"the pod succeeded": {
			observation: Observation{Job: jobWith(), Pods: pods(succeededPod(1, 2))}, now: time.Minute, want: Finish,
			wantOutcome: ended(execution.Succeeded, ""),
		},
		"the pod failed": {
			observation: Observation{Job: jobWith(), Pods: pods(failedPodAt(1, 2))}, now: time.Minute, want: Finish,
			wantOutcome: ended(execution.Failed, execution.ContainerFailed), wantMessage: "exited with code 1",
		},
		"the Job completed, and the pod is gone": {
			observation: Observation{Job: jobWith(condition(batchv1.JobComplete, "", 0), completedAt(0))}, now: time.Minute, want: Finish,
			wantOutcome: ended(execution.Succeeded, ""),
		},
		"the Job failed, and the pod is gone": {
			observation: Observation{Job: jobWith(condition(batchv1.JobFailed, "BackoffLimitExceeded", 0))}, now: time.Second, want: Finish,
			wantOutcome: ended(execution.Lost, execution.PodDeleted),
		},
		"the Job is about to fail, and the pod still runs": {
			observation: Observation{
				Job:  jobWith(condition(batchv1.JobFailureTarget, "DeadlineExceeded", time.Minute)),
				Pods: pods(runningPod(10*time.Second, deletedAt(time.Minute))),
			},
			now: time.Minute + 20*time.Second, want: Wait, wantStarted: after(10 * time.Second), wantRecheck: stopWait - 20*time.Second,
		},
		"the Job is about to fail, and the pod runs on a dead node": {
			observation: Observation{
				Job:  jobWith(condition(batchv1.JobFailureTarget, "DeadlineExceeded", time.Minute)),
				Pods: pods(runningPod(10*time.Second, deletedAt(time.Minute))),
			},
			now: time.Minute + stopWait, want: Finish, wantOutcome: ended(execution.Failed, "DeadlineExceeded"),
		},
		"the Job is about to fail, and the pod has ended": {
			observation: Observation{
				Job:  jobWith(condition(batchv1.JobFailureTarget, "BackoffLimitExceeded", time.Minute)),
				Pods: pods(failedPodAt(1, 2)),
			},
			now: time.Minute, want: Finish, wantOutcome: ended(execution.Failed, execution.ContainerFailed),
		},
	}
}

// nextBetweenAttempts: there is another attempt.
func nextBetweenAttempts() map[string]nextCase {
	return map[string]nextCase{
		"an attempt failed, and the pause before the next is longer than jobTimeout": {
			observation: Observation{Settings: execution.Settings{StartDeadline: time.Minute, JobTimeout: time.Second},
				Job: jobWith(backoff(6)), Pods: pods(failedPodAt(0, time.Second))},
			now: 5 * time.Minute, want: Wait, wantStarted: after(0), wantRecheck: retryPause + time.Minute + time.Second - 5*time.Minute,
		},
		"an attempt failed before it could start, and the pause is longer than startDeadline": {
			observation: Observation{Settings: execution.Settings{StartDeadline: time.Minute, JobTimeout: time.Hour},
				Job: jobWith(backoff(6)), Pods: pods(podWith(phase(corev1.PodFailed), says("OutOfcpu", "no room")))},
			now: 5 * time.Minute, want: Wait, wantRecheck: retryPause + time.Minute - 5*time.Minute,
		},
		"an attempt failed, and no other comes": {
			observation: Observation{Job: jobWith(backoff(6)), Pods: pods(failedPodAt(0, time.Second, says("Evicted", "low on memory")))},
			now:         retryPause + startDeadline + time.Second, want: Stop,
			wantOutcome: ended(execution.Failed, "Evicted"), wantMessage: "low on memory",
		},
		"the second attempt has its own start deadline": {
			observation: Observation{Task: startedAt(0), Job: jobWith(backoff(1)), Pods: pods(failedPodAt(0, time.Second), podWith(born(2*time.Minute)))},
			now:         startDeadline + time.Minute, want: Wait, wantRecheck: time.Minute,
		},
		"the pod that ran was deleted, and the cache has not seen the Job fail": {
			observation: Observation{Task: startedAt(0), Job: jobWith()}, now: 30 * time.Minute,
			want: Wait, wantRecheck: jobTimeout + 30*time.Second + retryPause + startDeadline - 30*time.Minute,
		},
		"the pod that ran was deleted, and the Job controller does not react": {
			observation: Observation{Task: startedAt(0), Job: jobWith()}, now: jobTimeout + 30*time.Second + retryPause + startDeadline, want: Stop,
			wantOutcome: ended(execution.Lost, execution.PodDeleted),
		},
	}
}
