package plan

import (
	"fmt"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

const (
	startDeadline = 10 * time.Minute
	jobTimeout    = time.Hour
	// stopWait is how long a stopped pod without a grace period of its own may take to end.
	stopWait = 30*time.Second + StopMargin
)

func withLogs() execution.Settings {
	s := settings()
	s.SavePodLog = true
	return s
}

// meshed is a pod with the proxy of a service mesh, which continues to run.
func meshed(work corev1.ContainerState, options ...podOption) *corev1.Pod {
	return podWith(append([]podOption{phase(corev1.PodRunning), container("check", work), container("proxy", running(0))}, options...)...)
}

func settings() execution.Settings {
	return execution.Settings{PodPoolSize: 2, StartDeadline: startDeadline, JobTimeout: jobTimeout}
}

// told is the controller's stop of a Job, with its reason, which the pod may not have.
func told(at time.Duration, state execution.State, reason execution.Reason) *Stopped {
	return &Stopped{At: after(at), End: execution.End{Outcome: ended(state, reason), Message: "as told"}}
}

func TestNext(t *testing.T) {
	startedAt := func(d time.Duration) execution.Task {
		return execution.Task{Outcome: execution.Outcome{State: execution.Running}, Started: after(d)}
	}
	pullFails := podWith(container("check", waiting("ImagePullBackOff", "Back-off")))
	cases := map[string]struct {
		observation Observation
		now         time.Duration

		want        Step
		wantOutcome execution.Outcome
		wantMessage string    // a part of it
		wantStarted time.Time // and runs
		wantSilent  bool
		wantRunning bool // although it is not known since when
		wantRecheck time.Duration
	}{
		// No Job in the cache.
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

		// The node is gone, which includes one of its name with another UID.
		"the node went before the task was admitted": {
			observation: Observation{NodeGone: true}, want: Finish,
			wantOutcome: ended(execution.Skipped, execution.NodeGone), wantMessage: "before its Job was created",
		},
		"the node went, and the response to a create may have been lost": {
			observation: Observation{NodeGone: true, Admitted: true}, want: Verify,
			wantOutcome: ended(execution.Skipped, execution.NodeGone), wantMessage: "before its Job was created",
		},
		"the node and the Job went": {
			observation: Observation{NodeGone: true, Created: true, Seen: true}, want: Finish,
			wantOutcome: ended(execution.Lost, execution.NodeGone), wantMessage: "the node and its Job were deleted",
		},
		"the node went before the cache had the Job": {
			observation: Observation{NodeGone: true, Created: true}, now: 10 * time.Second, want: Wait, wantRecheck: 20 * time.Second,
		},
		"the node went, and the cache never had the Job": {
			observation: Observation{NodeGone: true, Created: true}, now: cacheLag, want: Finish,
			wantOutcome: ended(execution.Lost, execution.NodeGone),
		},
		"the node went while the pod ran": {
			observation: Observation{NodeGone: true, Job: jobWith(), Pods: pods(runningPod(10 * time.Second))}, now: time.Minute, want: Stop,
			wantOutcome: ended(execution.Lost, execution.NodeGone),
		},
		"the node went while the pod ran, and the Job was told to end": {
			observation: Observation{NodeGone: true, Job: jobWith(), Pods: pods(runningPod(10 * time.Second)), Stopped: told(time.Minute, execution.Lost, execution.NodeGone)},
			now:         time.Minute + time.Second, want: Finish,
			wantOutcome: ended(execution.Lost, execution.NodeGone),
		},
		"the node went after the pod had succeeded": {
			observation: Observation{NodeGone: true, Job: jobWith(), Pods: pods(succeededPod(1, 2))}, now: time.Minute, want: Finish,
			wantOutcome: ended(execution.Succeeded, ""),
		},
		"the node went while a doomed pod ran": {
			observation: Observation{
				NodeGone: true, Job: jobWith(condition(batchv1.JobFailureTarget, "DeadlineExceeded", time.Minute)),
				Pods: pods(runningPod(10*time.Second, deleting)),
			},
			now: time.Minute, want: Finish, wantOutcome: ended(execution.Failed, "DeadlineExceeded"),
		},

		// The Job is foreign.
		"a foreign Job has the name": {
			observation: Observation{Foreign: true, Job: jobWith()}, want: Finish,
			wantOutcome: ended(execution.Failed, execution.ForeignJob), wantMessage: "check-20260304050000-0123456789",
		},
		"a foreign Job that succeeded counts for nothing": {
			observation: Observation{Foreign: true, Job: jobWith(condition(batchv1.JobComplete, "", 0))}, want: Finish,
			wantOutcome: ended(execution.Failed, execution.ForeignJob),
		},
		"a foreign Job that never was ours holds no slot": {
			observation: Observation{Foreign: true, Job: jobWith(), Pods: pods(runningPod(0, onNode))}, want: Finish,
			wantOutcome: ended(execution.Failed, execution.ForeignJob),
		},
		"the Job was taken away while its pod ran": {
			observation: Observation{Foreign: true, Created: true, Job: jobWith(), Pods: pods(runningPod(0, onNode))}, now: time.Minute,
			want: Wait, wantRunning: true, wantStarted: after(0), wantRecheck: startDeadline + jobTimeout + stopWait - time.Minute,
		},
		"the Job was taken away, and its pod has run for as long as it may": {
			observation: Observation{Foreign: true, Created: true, Job: jobWith(), Pods: pods(runningPod(0, onNode))}, now: startDeadline + jobTimeout + stopWait,
			want: Verify, wantOutcome: ended(execution.Failed, execution.ForeignJob),
		},
		"the Job was taken away before it had a pod": {
			observation: Observation{Foreign: true, Created: true, Job: jobWith()}, now: time.Minute, want: Wait, wantRecheck: startDeadline - time.Minute,
		},
		"the Job was taken away, and has no pod until the start deadline": {
			observation: Observation{Foreign: true, Created: true, Job: jobWith()}, now: startDeadline, want: Verify,
			wantOutcome: ended(execution.Failed, execution.ForeignJob),
		},
		"the Job was taken away, and its pod has succeeded": {
			observation: Observation{Foreign: true, Created: true, Job: jobWith(), Pods: pods(succeededPod(0, time.Second))}, now: time.Minute, want: Verify,
			wantOutcome: ended(execution.Failed, execution.ForeignJob),
		},
		"the Job was taken away, and its pod has failed with attempts left": {
			observation: Observation{Foreign: true, Created: true, Job: jobWith(backoff(1)), Pods: pods(failedPodAt(0, time.Second))}, now: time.Minute,
			want: Wait, wantRunning: true, wantStarted: after(0), wantRecheck: retryPause + startDeadline + time.Second - time.Minute,
		},
		"the Job was taken away and has failed, and its pod still ends": {
			observation: Observation{
				Foreign: true, Created: true, Job: jobWith(condition(batchv1.JobFailureTarget, "DeadlineExceeded", time.Minute)),
				Pods: pods(runningPod(0, onNode)),
			},
			now: 2 * time.Minute, want: Wait, wantRunning: true, wantStarted: after(0), wantRecheck: startDeadline + jobTimeout + stopWait - 2*time.Minute,
		},
		"the Job was taken away, and its node is gone": {
			observation: Observation{Foreign: true, Created: true, NodeGone: true, Job: jobWith(), Pods: pods(runningPod(0, onNode))}, now: time.Minute, want: Finish,
			wantOutcome: ended(execution.Failed, execution.ForeignJob),
		},

		// The pod does not start.
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
			observation: Observation{Job: jobWith(), Pods: pods(pullFails)}, now: startDeadline - time.Second, want: Wait, wantRecheck: time.Second,
		},
		"the image cannot be pulled (ImagePullBackOff)": {
			observation: Observation{Job: jobWith(), Pods: pods(pullFails)}, now: startDeadline, want: Stop,
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
			observation: Observation{Job: jobWith(), Pods: pods(pullFails), Stopped: told(startDeadline, execution.Failed, "ImagePullBackOff")}, now: startDeadline + time.Second,
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
			observation: Observation{Job: jobWith(), Pods: pods(pullFails), Stopped: told(startDeadline, execution.Failed, "ImagePullBackOff")}, now: startDeadline + stopWait, want: Finish,
			wantOutcome: ended(execution.Failed, "ImagePullBackOff"),
		},
		"stopped, and the pod started all the same": {
			observation: Observation{Job: jobWith(stopped("failed/ImagePullBackOff", "Back-off")), Pods: pods(runningPod(startDeadline)), Stopped: told(startDeadline, execution.Failed, "ImagePullBackOff")},
			now:         startDeadline + time.Second, want: Wait, wantStarted: after(startDeadline), wantRecheck: jobTimeout + stopWait - time.Second,
		},

		// A part of the pod runs.
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

		// The pod runs.
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

		// An injected container still runs.
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

		// The pod has a long grace.
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

		// The node is unreachable.
		"stopped, and the node has been silent for long": {
			observation: Observation{Job: jobWith(), UnreachableSince: after(30 * time.Minute), Pods: pods(runningPod(0, deletedFor(61*time.Minute, 10*time.Minute))),
				Stopped: told(61*time.Minute, execution.Failed, execution.JobTimeout)},
			now: 61*time.Minute + time.Second, want: Finish, wantSilent: true, wantOutcome: ended(execution.Failed, execution.JobTimeout),
		},
		"the Job is about to fail, and the node has been silent for long": {
			observation: Observation{
				Job: jobWith(condition(batchv1.JobFailureTarget, "DeadlineExceeded", time.Minute)), UnreachableSince: after(0),
				Pods: pods(runningPod(10*time.Second, deletedFor(time.Minute, 10*time.Minute))),
			},
			now: 2 * time.Minute, want: Finish, wantSilent: true, wantOutcome: ended(execution.Failed, "DeadlineExceeded"),
		},
		"the Job was deleted, and the node of its pod has been silent for long": {
			observation: Observation{Created: true, Seen: true, UnreachableSince: after(0), Pods: pods(runningPod(0, onNode, deletedFor(5*time.Minute, 10*time.Minute)))},
			now:         6 * time.Minute, want: Verify, wantSilent: true, wantOutcome: ended(execution.Lost, execution.JobDeleted),
		},
		"stopped, and the grace is over on a node that has been silent for long": {
			observation: Observation{Job: jobWith(), UnreachableSince: after(30 * time.Minute), Pods: pods(runningPod(0, deletedFor(61*time.Minute, 10*time.Minute))),
				Stopped: told(61*time.Minute, execution.Failed, execution.JobTimeout)},
			now: 72 * time.Minute, want: Finish, wantOutcome: ended(execution.Failed, execution.JobTimeout),
		},
		"stopped, and the node has been silent for a moment": {
			observation: Observation{Job: jobWith(), UnreachableSince: after(62 * time.Minute), Pods: pods(runningPod(0, deletedFor(61*time.Minute, 10*time.Minute))),
				Stopped: told(61*time.Minute, execution.Failed, execution.JobTimeout)},
			now: 62*time.Minute + time.Second, want: Wait, wantStarted: after(0), wantRecheck: StopMargin - time.Second,
		},
		"the node is silent, and its pod was not told to end": {
			observation: Observation{Job: jobWith(), UnreachableSince: after(time.Minute), Pods: pods(runningPod(0))},
			now:         30 * time.Minute, want: Wait, wantStarted: after(0), wantRecheck: 30*time.Minute + stopWait,
		},
		"the node is silent, and its pod was deleted for it": {
			observation: Observation{Job: jobWith(), UnreachableSince: after(time.Minute), Pods: pods(runningPod(0, disrupted("DeletionByTaintManager", 6*time.Minute), deletedFor(6*time.Minute, 10*time.Minute)))},
			now:         6 * time.Minute, want: Stop, wantOutcome: ended(execution.Lost, "DeletionByTaintManager"), wantMessage: "told to go: the pod was deleted, and its end was not observed",
		},

		// A client deleted the pod.
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

		// The pod has ended.
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

		// There is another attempt.
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
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			tc.observation.Since = origin
			if tc.observation.Settings.StartDeadline == 0 {
				tc.observation.Settings = settings()
			}
			got := Next(tc.observation, after(tc.now))
			if got.Step != tc.want {
				t.Fatalf("%s, want %s: %+v", got.Step, tc.want, got)
			}
			if got.End.Outcome != tc.wantOutcome || !strings.Contains(got.End.Message, tc.wantMessage) {
				t.Errorf("ends as %v %q, want %v %q", got.End.Outcome, got.End.Message, tc.wantOutcome, tc.wantMessage)
			}
			if got.Step == Finish && got.End.Finished.IsZero() {
				t.Error("ends at no time")
			}
			if !got.Started.Equal(tc.wantStarted) {
				t.Errorf("started %s, want %s", got.Started, tc.wantStarted)
			}
			if want := tc.wantRunning || !tc.wantStarted.IsZero(); got.Running != want {
				t.Errorf("runs: %t, want %t", got.Running, want)
			}
			if got.Unreachable != tc.wantSilent {
				t.Errorf("because the node is silent: %t, want %t", got.Unreachable, tc.wantSilent)
			}
			if got.Recheck != tc.wantRecheck {
				t.Errorf("looks again after %s, want %s", got.Recheck, tc.wantRecheck)
			}
		})
	}
}

func TestStoppedPodEndsNoEarlierThanItWasStopped(t *testing.T) {
	never := pods(podWith(phase(corev1.PodFailed), goneAt(startDeadline+2*time.Second), container("check", vanished())))
	observation := Observation{Settings: settings(), Job: jobWith(), Pods: never, Stopped: told(startDeadline, execution.Failed, "ImagePullBackOff"), Since: origin}
	if got := Next(observation, after(startDeadline+3*time.Second)); !got.End.Finished.Equal(after(startDeadline)) {
		t.Errorf("ended at %s, want %s: %+v", got.End.Finished, after(startDeadline), got)
	}
}

// everyObservation yields all combinations of a few facts in an Observation.
func everyObservation(yield func(name string, s Observation)) {
	jobs := map[string]*batchv1.Job{
		"no Job":                 nil,
		"a Job":                  jobWith(),
		"a Job of two attempts":  jobWith(backoff(1)),
		"a Job of one container": jobWith(ofContainers("check")),
		"a stopped Job":          jobWith(stopped("failed/ImagePullBackOff", "m")),
		"a Job about to fail":    jobWith(condition(batchv1.JobFailureTarget, "DeadlineExceeded", time.Minute)),
		"a failed Job":           jobWith(condition(batchv1.JobFailed, "BackoffLimitExceeded", time.Minute)),
		"a complete Job":         jobWith(condition(batchv1.JobComplete, "", time.Minute)),
		"a suspended Job":        jobWith(condition(batchv1.JobSuspended, "", time.Minute)),
	}
	podLists := map[string][]*corev1.Pod{
		"no pod":                    nil,
		"a new pod":                 pods(podWith()),
		"a new pod, deleted":        pods(podWith(deleting)),
		"a running pod":             pods(runningPod(time.Second)),
		"a running pod, deleted":    pods(runningPod(time.Second, deleting)),
		"a pod with a long grace":   pods(runningPod(time.Second, onNode, graceOf(10*time.Minute))),
		"one of them, deleted":      pods(runningPod(time.Second, onNode, deletedFor(time.Minute, 10*time.Minute))),
		"a pod whose work is done":  pods(meshed(exited(0, "Completed", time.Second, 2*time.Second))),
		"a sidecar without its pod": pods(podWith(sidecar("ship", running(time.Second)), unseen("check"))),
		"a pod of an unknown phase": pods(podWith(phase(corev1.PodUnknown))),
		"a failed pod":              pods(failedPodAt(0, time.Second)),
		"a failed pod and a new":    pods(failedPodAt(0, time.Second), podWith(born(time.Minute))),
		"a succeeded pod":           pods(succeededPod(0, time.Second)),
	}
	both := []bool{false, true}
	for jobName, job := range jobs {
		for podName, podList := range podLists {
			for _, created := range both {
				for _, seen := range both {
					for _, gone := range both {
						for _, stopped := range []*Stopped{nil, told(0, execution.Failed, "Told")} {
							for _, started := range []time.Time{{}, after(time.Second)} {
								yield(
									fmt.Sprintf("%s, %s, created %t, seen %t, node gone %t, stopped %t, started %t", jobName, podName,
										created, seen, gone, stopped != nil, !started.IsZero()),
									Observation{
										Settings: settings(), Task: execution.Task{Started: started}, Created: created, Seen: seen, NodeGone: gone,
										Job: job, Pods: podList, Since: origin, Stopped: stopped,
									})
							}
						}
					}
				}
			}
		}
	}
}

// horizon is later than all deadlines of these observations.
const horizon = 24 * time.Hour

func TestNextNeverWaitsWithoutALimit(t *testing.T) {
	everyObservation(func(name string, s Observation) {
		for _, now := range []time.Duration{
			0, time.Second, cacheLag, stopWait, 2 * time.Minute, startDeadline, startDeadline + time.Second, jobTimeout,
			jobTimeout + stopWait, jobTimeout + 2*stopWait, jobTimeout + startDeadline + retryPause, horizon,
		} {
			action := Next(s, after(now))
			switch action.Step {
			case Create, Verify:
				if s.Job != nil {
					t.Errorf("%s, after %s: %s although there is a Job", name, now, action.Step)
				}
				if action.Step == Create && s.Created {
					t.Errorf("%s, after %s: is created again", name, now)
				}
			case Stop, Finish:
				if !action.End.Outcome.State.Final() {
					t.Errorf("%s, after %s: ends as %v", name, now, action.End.Outcome)
				}
				if action.Step == Stop && s.Stopped != nil {
					t.Errorf("%s, after %s: is stopped again", name, now)
				}
			case Wait:
				if action.Recheck <= 0 || now+action.Recheck > horizon {
					t.Errorf("%s, after %s: looks again after %s", name, now, action.Recheck)
				}
			default:
				t.Errorf("%s, after %s: does %q", name, now, action.Step)
			}
		}
	})
}

// TestNextComesToAnEnd carries out the actions of Next, and nothing else: no pod changes
// its state, and the Job gets no condition.
func TestNextComesToAnEnd(t *testing.T) {
	everyObservation(func(name string, s Observation) {
		now := after(0)
		for range 10 {
			action := Next(s, now)
			switch action.Step {
			case Finish, Verify: // without a Job the task ends, with one the cache will show it
				return
			case Create: // there is a Job, or AfterRejection comes to an end
				return
			case Stop:
				s.Stopped = &Stopped{At: now, End: action.End}
			case Wait:
				now = now.Add(action.Recheck)
			}
		}
		t.Errorf("%s: does not end", name)
	})
}
