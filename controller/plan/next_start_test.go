package plan

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// nextWithoutAJob: no Job in the cache.
func nextWithoutAJob() map[string]nextCase {
	return map[string]nextCase{
		"admitted a moment ago": {
			observation: Observation{}, want: Create,
		},
		"admitted long ago by an earlier leader": {
			observation: Observation{}, now: 24 * time.Hour, want: Create,
		},
		"a pod of an earlier execution runs on the node": {
			observation: Observation{Others: pods(runningPod(0, onNode, deleting))}, now: time.Minute, want: Wait, wantRecheck: occupiedPause,
		},
		"a pod of an earlier execution runs on the node, at the start deadline": {
			observation: Observation{Others: pods(runningPod(0, onNode, deleting, ofExecution("20260304040000")))}, now: startDeadline, want: Verify,
			wantOutcome: ended(execution.Failed, execution.NodeBusy), wantMessage: "pod pod of execution 20260304040000 is still running on the node",
		},
		"a pod of an earlier execution has started on the node, as far as is known": {
			observation: Observation{Others: pods(podWith(onNode))}, now: startDeadline - time.Second, want: Wait, wantRecheck: time.Second,
		},
		"the pods of earlier executions have ended": {
			observation: Observation{Others: pods(succeededPod(0, time.Second), failedPodAt(0, time.Second, onNode), podWith(onNode, goneAt(time.Second)), podWith())}, want: Create,
		},
		"created, and not in the cache yet": {
			observation: Observation{Created: true}, now: 10 * time.Second, want: Wait, wantRecheck: 20 * time.Second,
		},
		"created, and long missing from the cache": {
			observation: Observation{Created: true}, now: cacheLag, want: Verify, wantOutcome: ended(execution.Lost, execution.JobDeleted),
		},
		"seen, and gone": {
			observation: Observation{Created: true, Seen: true}, now: time.Second, want: Verify, wantOutcome: ended(execution.Lost, execution.JobDeleted),
		},
	}
}

// nextBeforeTheStart: the pod does not start.
func nextBeforeTheStart() map[string]nextCase {
	return map[string]nextCase{
		"no pod yet": {
			observation: Observation{Job: jobWith()}, now: time.Minute, want: Wait, wantRecheck: 9 * time.Minute,
		},
		"no pod until the start deadline": {
			observation: Observation{Job: jobWith()}, now: startDeadline, want: Stop,
			wantOutcome: ended(execution.Failed, execution.PodNotCreated),
		},
		"no pod in the cache, which may lag, and the Job was told to end": {
			observation: Observation{Job: jobWith(), Stopped: told(startDeadline, execution.Failed, execution.PodNotCreated)}, now: startDeadline + time.Second,
			want: Wait, wantRecheck: stopWait - time.Second,
		},
		"no pod in the cache, and the Job is about to fail": {
			observation: Observation{Job: jobWith(condition(batchv1.JobFailureTarget, "DeadlineExceeded", startDeadline+time.Second)), Stopped: told(startDeadline, execution.Failed, execution.PodNotCreated)},
			now:         startDeadline + 2*time.Second, want: Wait, wantRecheck: stopWait - time.Second,
		},
		"no pod, and the Job has failed": {
			observation: Observation{Job: jobWith(condition(batchv1.JobFailed, "DeadlineExceeded", startDeadline+time.Second)), Stopped: told(startDeadline, execution.Failed, execution.PodNotCreated)},
			now:         startDeadline + 2*time.Second, want: Finish,
			wantOutcome: ended(execution.Failed, execution.PodNotCreated), wantMessage: "as told",
		},
		"the start deadline counts from the pod's creation": {
			observation: Observation{Job: jobWith(), Pods: pods(podWith(born(5 * time.Minute)))}, now: startDeadline, want: Wait, wantRecheck: 5 * time.Minute,
		},
		"the image cannot be pulled yet": {
			observation: Observation{Job: jobWith(), Pods: pods(pullFails())}, now: startDeadline - time.Second, want: Wait, wantRecheck: time.Second,
		},
		"the image cannot be pulled (ImagePullBackOff)": {
			observation: Observation{Job: jobWith(), Pods: pods(pullFails())}, now: startDeadline, want: Stop,
			wantOutcome: ended(execution.Failed, "ImagePullBackOff"), wantMessage: "container check: Back-off",
		},
		"the image cannot be pulled (ErrImagePull)": {
			observation: Observation{Job: jobWith(), Pods: pods(podWith(container("check", waiting("ErrImagePull", "denied"))))}, now: startDeadline, want: Stop,
			wantOutcome: ended(execution.Failed, "ErrImagePull"), wantMessage: "denied",
		},
		"a Secret is missing": {
			observation: Observation{Job: jobWith(), Pods: pods(podWith(container("check", waiting("CreateContainerConfigError", "no secret"))))},
			now:         startDeadline, want: Stop,
			wantOutcome: ended(execution.Failed, "CreateContainerConfigError"), wantMessage: "no secret",
		},
		"the node has no room": {
			observation: Observation{Job: jobWith(), Pods: pods(podWith(unscheduled("Unschedulable", "Insufficient cpu")))}, now: startDeadline, want: Stop,
			wantOutcome: ended(execution.Failed, "Unschedulable"), wantMessage: "Insufficient cpu",
		},
		"stopped, and the pod may still start": {
			observation: Observation{Job: jobWith(), Pods: pods(pullFails()), Stopped: told(startDeadline, execution.Failed, "ImagePullBackOff")}, now: startDeadline + time.Second,
			want: Wait, wantRecheck: stopWait - time.Second,
		},
		"stopped, and the pod cannot start any more": {
			observation: Observation{
				Job:  jobWith(stopped("failed/ImagePullBackOff", "Back-off")),
				Pods: pods(podWith(deleting, container("check", waiting("ErrImagePull", "denied")))), Stopped: told(startDeadline, execution.Failed, "ImagePullBackOff"),
			},
			now: startDeadline + time.Second, want: Finish,
			wantOutcome: ended(execution.Failed, "ImagePullBackOff"), wantMessage: "as told",
		},
		"stopped, and the pod is gone before the Job has failed": {
			observation: Observation{Job: jobWith(stopped("failed/ImagePullBackOff", "Back-off")), Stopped: told(startDeadline, execution.Failed, "ImagePullBackOff")},
			now:         startDeadline + time.Second, want: Wait, wantRecheck: stopWait - time.Second,
		},
		"stopped, and the pod failed for it": {
			observation: Observation{
				Job:  jobWith(stopped("failed/ImagePullBackOff", "Back-off")),
				Pods: pods(podWith(deleting, phase(corev1.PodFailed), container("check", waiting("ImagePullBackOff", "")))), Stopped: told(startDeadline, execution.Failed, "ImagePullBackOff"),
			},
			now: startDeadline + time.Second, want: Finish,
			wantOutcome: ended(execution.Failed, "ImagePullBackOff"), wantMessage: "as told",
		},
		"stopped, and the pod failed for it before the cache has the annotation": {
			observation: Observation{
				Job: jobWith(), Pods: pods(podWith(deleting, phase(corev1.PodFailed), container("check", vanished()))),
				Stopped: told(startDeadline, execution.Failed, "ImagePullBackOff"),
			},
			now: startDeadline + time.Second, want: Finish,
			wantOutcome: ended(execution.Failed, "ImagePullBackOff"), wantMessage: "as told",
		},
		"stopped, and the Job failed for it before the cache has the annotation": {
			observation: Observation{
				Job:     jobWith(condition(batchv1.JobFailed, "DeadlineExceeded", startDeadline)),
				Stopped: told(startDeadline, execution.Failed, "ImagePullBackOff"),
			},
			now: startDeadline + time.Second, want: Finish,
			wantOutcome: ended(execution.Failed, "ImagePullBackOff"), wantMessage: "as told",
		},
		"stopped, and the pod succeeded all the same": {
			observation: Observation{Job: jobWith(), Pods: pods(succeededPod(1, 2)), Stopped: told(startDeadline, execution.Failed, "ImagePullBackOff")},
			now:         startDeadline + time.Second, want: Finish, wantOutcome: ended(execution.Succeeded, ""),
		},
		"stopped, and the pod's node does not answer": {
			observation: Observation{Job: jobWith(), Pods: pods(pullFails()), Stopped: told(startDeadline, execution.Failed, "ImagePullBackOff")}, now: startDeadline + stopWait, want: Finish,
			wantOutcome: ended(execution.Failed, "ImagePullBackOff"),
		},
		"stopped, and the pod started all the same": {
			observation: Observation{Job: jobWith(stopped("failed/ImagePullBackOff", "Back-off")), Pods: pods(runningPod(startDeadline)), Stopped: told(startDeadline, execution.Failed, "ImagePullBackOff")},
			now:         startDeadline + time.Second, want: Wait, wantStarted: after(startDeadline), wantRecheck: jobTimeout + stopWait - time.Second,
		},
	}
}

// nextInTheStart: a part of the pod runs.
func nextInTheStart() map[string]nextCase {
	return map[string]nextCase{
		"a sidecar runs, and the image cannot be pulled": {
			observation: Observation{Job: jobWith(), Pods: pods(podWith(sidecar("ship", running(5*time.Second)), container("check", waiting("ImagePullBackOff", "not found"))))},
			now:         startDeadline, want: Stop, wantOutcome: ended(execution.Failed, "ImagePullBackOff"), wantMessage: "container check: not found",
		},
		"a sidecar runs, and there is time to start": {
			observation: Observation{Job: jobWith(), Pods: pods(podWith(sidecar("ship", running(5*time.Second)), container("check", waiting("PodInitializing", ""))))},
			now:         startDeadline - time.Second, want: Wait, wantRecheck: time.Second,
		},
		"an init container has ended, and the image cannot be pulled": {
			observation: Observation{Job: jobWith(), Pods: pods(podWith(initContainer("prepare", exited(0, "Completed", 5*time.Second, time.Minute)),
				container("check", waiting("ImagePullBackOff", "not found"))))},
			now: startDeadline + time.Minute, want: Stop, wantOutcome: ended(execution.Failed, "ImagePullBackOff"), wantMessage: "not found",
		},
		"one of two containers runs, and the image of the other cannot be pulled": {
			observation: Observation{Job: jobWith(), Pods: pods(podWith(container("helper", running(5*time.Second)), container("check", waiting("ErrImagePull", "not found"))))},
			now:         startDeadline, want: Stop, wantOutcome: ended(execution.Failed, "ErrImagePull"), wantMessage: "not found",
		},
		"an init container works for longer than startDeadline": {
			observation: Observation{Job: jobWith(), Pods: pods(podWith(initContainer("prepare", running(10*time.Second)), container("check", waiting("PodInitializing", ""))))},
			now:         startDeadline + time.Minute, want: Wait, wantRunning: true, wantRecheck: jobTimeout + stopWait - startDeadline - 50*time.Second,
		},
		"an init container has worked for longer than startDeadline": {
			observation: Observation{Job: jobWith(), Pods: pods(podWith(initContainer("prepare", exited(0, "Completed", 5*time.Second, startDeadline+time.Minute)),
				container("check", waiting("PodInitializing", ""))))},
			now: startDeadline + 2*time.Minute, want: Wait, wantRecheck: startDeadline - time.Minute,
		},
		"a container is started again in place, and waits": {
			observation: Observation{Job: jobWith(), Pods: pods(podWith(restarted("check", waiting("CrashLoopBackOff", "back-off"), exited(1, "Error", time.Second, 2*time.Second))))},
			now:         startDeadline + time.Minute, want: Wait, wantStarted: after(time.Second), wantRecheck: jobTimeout + stopWait - startDeadline - 59*time.Second,
		},
	}
}
