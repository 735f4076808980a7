package plan

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func endsOfPodsThatSucceed() map[string]endCase {
	return map[string]endCase{
		"the pod succeeded": {
			job: jobWith(), pods: pods(succeededPod(workStart, workEnd)),
			want: execution.End{Outcome: ended(execution.Succeeded, ""), Started: after(workStart), Finished: after(workEnd)},
		},
		"it began with the first of the template's containers and ended with its last": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodSucceeded),
				initContainer("prepare", exited(0, "Completed", 5*time.Second, 8*time.Second)),
				container("check", exited(0, "Completed", 10*time.Second, 20*time.Second)),
				container("upload", exited(0, "Completed", 9*time.Second, 30*time.Second)),
			)),
			want: execution.End{Outcome: ended(execution.Succeeded, ""), Started: after(9 * time.Second), Finished: after(30 * time.Second)},
		},
		"a sidecar that was there before and after the container": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodSucceeded),
				sidecar("ship", exited(137, "Error", 0, 40*time.Second)), container("check", exited(0, "Completed", 7*time.Second, 10*time.Second)))),
			want: execution.End{Outcome: ended(execution.Succeeded, ""), Started: after(7 * time.Second), Finished: after(10 * time.Second)},
		},
		"a sidecar that crashed before the container failed": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed),
				sidecar("ship", exited(2, "Error", 5*time.Second, 6*time.Second)), container("check", exited(7, "Error", 7*time.Second, 30*time.Second)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container check exited with code 7",
				Started: after(7 * time.Second), Finished: after(30 * time.Second),
			},
		},
		"a container that was started again in place": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodSucceeded),
				restarted("check", exited(0, "Completed", 50*time.Second, workEnd), exited(1, "Error", workStart, 20*time.Second)))),
			want: execution.End{Outcome: ended(execution.Succeeded, ""), Started: after(workStart), Finished: after(workEnd)},
		},
		"the pod ran out of time before a container beside a sidecar could start": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), says("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
				sidecar("ship", exited(143, "Error", 5*time.Second, workEnd)), container("check", waiting("ImagePullBackOff", "not found")))),
			want: execution.End{
				Outcome: ended(execution.Failed, "ImagePullBackOff"), Message: "container check: not found", Finished: after(0),
			},
		},
		"the pod ran out of time before one of two containers could start": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), says("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
				container("helper", exited(137, "Error", workStart, workEnd)), container("check", waiting("ErrImagePull", "not found")))),
			want: execution.End{
				Outcome: ended(execution.Failed, "ErrImagePull"), Message: "container check: not found", Started: after(workStart), Finished: after(workEnd),
			},
		},
		"the pod ran out of time while its init container worked": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), says("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
				initContainer("prepare", exited(137, "Error", workStart, workEnd)), container("check", waiting("PodInitializing", "")))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.JobTimeout), Message: "Pod was active on the node longer than the specified deadline: container prepare",
				Started: after(workStart), Finished: after(workEnd),
			},
		},
	}
}

func endsOfPodsThatFail() map[string]endCase {
	return map[string]endCase{
		"the pod failed with an exit code": {
			job: jobWith(), pods: pods(podWith(phase(corev1.PodFailed), container("check", exited(3, "Error", workStart, workEnd)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container check exited with code 3",
				Started: after(workStart), Finished: after(workEnd),
			},
		},
		"the container left a message": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), container("check", corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
				ExitCode: 3, Reason: "Error", Message: "\n disk sda is bad\n", StartedAt: stamp(workStart), FinishedAt: stamp(workEnd),
			}}))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed),
				Message: "container check exited with code 3: disk sda is bad",
				Started: after(workStart), Finished: after(workEnd),
			},
		},
		"the kernel killed a container": {
			job: jobWith(), pods: pods(podWith(phase(corev1.PodFailed), container("check", exited(137, "OOMKilled", workStart, workEnd)))),
			want: execution.End{
				Outcome: ended(execution.Failed, "OOMKilled"), Message: "container check exited with code 137",
				Started: after(workStart), Finished: after(workEnd),
			},
		},
		"a container could not be started": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed),
				initContainer("prepare", exited(0, "Completed", 5*time.Second, 8*time.Second)), container("check", unstartable(workEnd)))),
			want: execution.End{
				Outcome: ended(execution.Failed, "StartError"), Message: "container check exited with code 128: no such file",
				Started: after(5 * time.Second), Finished: after(workEnd),
			},
		},
		"the kubelet evicted the pod": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), says("Evicted", "The node was low on resource: memory."),
				container("check", exited(137, "Error", workStart, workEnd)))),
			want: execution.End{
				Outcome: ended(execution.Failed, "Evicted"), Message: "The node was low on resource: memory.",
				Started: after(workStart), Finished: after(workEnd),
			},
		},
		"the kubelet did not take the pod": {
			job: jobWith(), pods: pods(podWith(born(2*time.Second), phase(corev1.PodFailed), says("OutOfcpu", "Node didn't have enough resource: cpu"))),
			want: execution.End{
				Outcome: ended(execution.Failed, "OutOfcpu"), Message: "Node didn't have enough resource: cpu", Finished: after(2 * time.Second),
			},
		},
		"the pod ran out of time": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), says("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
				container("check", exited(137, "Error", workStart, workEnd)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.JobTimeout), Message: "Pod was active on the node longer than the specified deadline: container check",
				Started: after(workStart), Finished: after(workEnd),
			},
		},
		"the pod ran out of time while two of three containers ran": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), says("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
				activeFrom(0, workEnd), container("copy", exited(3, "Error", workStart, 20*time.Second)),
				container("check", exited(137, "Error", workStart, workEnd)), container("trap", exited(0, "Completed", workStart, workEnd)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.JobTimeout), Message: "Pod was active on the node longer than the specified deadline: containers check, trap",
				Started: after(workStart), Finished: after(workEnd),
			},
		},
	}
}

func endsOfOneOfSeveralContainers() map[string]endCase {
	return map[string]endCase{
		"the Job's backstop bit after the work was done": {
			job:  jobWith(ofContainers("check"), condition(batchv1.JobFailureTarget, "DeadlineExceeded", time.Minute)),
			pods: pods(podWith(phase(corev1.PodRunning), container("check", exited(0, "Completed", workStart, 20*time.Second)), container("proxy", running(workStart)))),
			want: execution.End{Outcome: ended(execution.Succeeded, ""), Started: after(workStart), Finished: after(20 * time.Second)}, wantDoomed: true,
		},
		"the pod ran out of time before it could start": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), says("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
				container("check", waiting("ImagePullBackOff", "Back-off pulling image")))),
			want: execution.End{
				Outcome: ended(execution.Failed, "ImagePullBackOff"), Message: "container check: Back-off pulling image", Finished: after(0),
			},
		},
		"an init container failed": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed),
				initContainer("first", exited(0, "Completed", 1*time.Second, 2*time.Second)),
				initContainer("second", exited(9, "Error", 3*time.Second, 4*time.Second)),
				container("check", waiting("PodInitializing", "")))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container second exited with code 9",
				Started: after(1 * time.Second), Finished: after(4 * time.Second),
			},
		},
		"a sidecar that was killed after the container that failed": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed),
				sidecar("proxy", exited(143, "Error", 1*time.Second, 71*time.Second)),
				container("check", exited(3, "Error", workStart, workEnd)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container check exited with code 3",
				Started: after(workStart), Finished: after(workEnd),
			},
		},
		"a sidecar that was killed within the same second": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed),
				sidecar("proxy", exited(143, "Error", 1*time.Second, workEnd)),
				container("check", exited(3, "Error", workStart, workEnd)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container check exited with code 3",
				Started: after(workStart), Finished: after(workEnd),
			},
		},
		"of two containers that failed the first one counts": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed),
				container("late", exited(4, "Error", workStart, workEnd)),
				container("early", exited(3, "Error", workStart, 20*time.Second)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container early exited with code 3",
				Started: after(workStart), Finished: after(workEnd),
			},
		},
		"a container that the kubelet lost comes after one that failed": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed),
				container("lost", vanished()), container("check", exited(3, "Error", workStart, workEnd)), container("too", vanished()))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container check exited with code 3",
				Started: after(workStart), Finished: after(workEnd),
			},
		},
		"all the kubelet knows is that it lost the container": {
			job: jobWith(), pods: pods(podWith(born(time.Second), phase(corev1.PodFailed), container("check", vanished()))),
			want: execution.End{
				Outcome: ended(execution.Failed, "ContainerStatusUnknown"),
				Message: "container check exited with code 137: The container could not be located", Finished: after(time.Second),
			},
		},
		"a failed pod that says nothing at all": {
			job: jobWith(), pods: pods(podWith(phase(corev1.PodFailed))),
			want: execution.End{Outcome: ended(execution.Failed, execution.ContainerFailed), Finished: after(0)},
		},
	}
}
