package plan

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

func TestObserveEnds(t *testing.T) {
	const (
		start  = 10 * time.Second
		finish = 70 * time.Second
	)
	cases := map[string]struct {
		job  *batchv1.Job
		pods []*corev1.Pod

		want       execution.End
		wantDoomed bool // the Job has failed, and a pod may still run
	}{
		"the pod succeeded": {
			job: jobWith(), pods: pods(succeededPod(start, finish)),
			want: execution.End{Outcome: ended(execution.Succeeded, ""), Started: after(start), Finished: after(finish)},
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
				restarted("check", exited(0, "Completed", 50*time.Second, finish), exited(1, "Error", start, 20*time.Second)))),
			want: execution.End{Outcome: ended(execution.Succeeded, ""), Started: after(start), Finished: after(finish)},
		},
		"the pod ran out of time before a container beside a sidecar could start": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), says("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
				sidecar("ship", exited(143, "Error", 5*time.Second, finish)), container("check", waiting("ImagePullBackOff", "not found")))),
			want: execution.End{
				Outcome: ended(execution.Failed, "ImagePullBackOff"), Message: "container check: not found", Finished: after(0),
			},
		},
		"the pod ran out of time before one of two containers could start": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), says("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
				container("helper", exited(137, "Error", start, finish)), container("check", waiting("ErrImagePull", "not found")))),
			want: execution.End{
				Outcome: ended(execution.Failed, "ErrImagePull"), Message: "container check: not found", Started: after(start), Finished: after(finish),
			},
		},
		"the pod ran out of time while its init container worked": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), says("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
				initContainer("prepare", exited(137, "Error", start, finish)), container("check", waiting("PodInitializing", "")))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.JobTimeout), Message: "Pod was active on the node longer than the specified deadline: container prepare",
				Started: after(start), Finished: after(finish),
			},
		},
		"the pod failed with an exit code": {
			job: jobWith(), pods: pods(podWith(phase(corev1.PodFailed), container("check", exited(3, "Error", start, finish)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container check exited with code 3",
				Started: after(start), Finished: after(finish),
			},
		},
		"the container left a message": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), container("check", corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
				ExitCode: 3, Reason: "Error", Message: "\n disk sda is bad\n", StartedAt: stamp(start), FinishedAt: stamp(finish),
			}}))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed),
				Message: "container check exited with code 3: disk sda is bad",
				Started: after(start), Finished: after(finish),
			},
		},
		"the kernel killed a container": {
			job: jobWith(), pods: pods(podWith(phase(corev1.PodFailed), container("check", exited(137, "OOMKilled", start, finish)))),
			want: execution.End{
				Outcome: ended(execution.Failed, "OOMKilled"), Message: "container check exited with code 137",
				Started: after(start), Finished: after(finish),
			},
		},
		"a container could not be started": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed),
				initContainer("prepare", exited(0, "Completed", 5*time.Second, 8*time.Second)), container("check", unstartable(finish)))),
			want: execution.End{
				Outcome: ended(execution.Failed, "StartError"), Message: "container check exited with code 128: no such file",
				Started: after(5 * time.Second), Finished: after(finish),
			},
		},
		"the kubelet evicted the pod": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), says("Evicted", "The node was low on resource: memory."),
				container("check", exited(137, "Error", start, finish)))),
			want: execution.End{
				Outcome: ended(execution.Failed, "Evicted"), Message: "The node was low on resource: memory.",
				Started: after(start), Finished: after(finish),
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
				container("check", exited(137, "Error", start, finish)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.JobTimeout), Message: "Pod was active on the node longer than the specified deadline: container check",
				Started: after(start), Finished: after(finish),
			},
		},
		"the pod ran out of time while two of three containers ran": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), says("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
				activeFrom(0, finish), container("copy", exited(3, "Error", start, 20*time.Second)),
				container("check", exited(137, "Error", start, finish)), container("trap", exited(0, "Completed", start, finish)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.JobTimeout), Message: "Pod was active on the node longer than the specified deadline: containers check, trap",
				Started: after(start), Finished: after(finish),
			},
		},
		"an injected container went on until the pod ran out of time": {
			job: jobWith(ofContainers("check")),
			pods: pods(podWith(phase(corev1.PodFailed), says("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
				activeFrom(0, finish), container("check", exited(0, "Completed", start, 20*time.Second)), container("proxy", exited(137, "Error", start, finish)))),
			want: execution.End{Outcome: ended(execution.Succeeded, ""), Started: after(start), Finished: after(20 * time.Second)},
		},
		"an injected container went on after a failure until the pod ran out of time": {
			job: jobWith(ofContainers("check,second")),
			pods: pods(podWith(phase(corev1.PodFailed), says("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
				activeFrom(0, finish), container("check", exited(3, "Error", start, 20*time.Second)), container("proxy", exited(137, "Error", start, finish)),
				container("second", exited(0, "Completed", start, 30*time.Second)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container check exited with code 3",
				Started: after(start), Finished: after(30 * time.Second),
			},
		},
		"a script that ends with 0 when time is up, beside an injected container": {
			job: jobWith(ofContainers("check")),
			pods: pods(podWith(phase(corev1.PodFailed), says("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
				activeFrom(0, 60*time.Second), container("check", exited(0, "Completed", start, 60*time.Second)), container("proxy", exited(137, "Error", start, finish)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.JobTimeout), Message: "Pod was active on the node longer than the specified deadline: containers check, proxy",
				Started: after(start), Finished: after(60 * time.Second),
			},
		},
		"an injected container failed after the work": {
			job:  jobWith(ofContainers("check")),
			pods: pods(podWith(phase(corev1.PodFailed), container("check", exited(0, "Completed", start, 20*time.Second)), container("proxy", exited(1, "Error", start, finish)))),
			want: execution.End{Outcome: ended(execution.Succeeded, ""), Started: after(start), Finished: after(20 * time.Second)},
		},
		"an injected container that failed before the work did": {
			job:  jobWith(ofContainers("check")),
			pods: pods(podWith(phase(corev1.PodFailed), container("proxy", exited(1, "Error", start, 20*time.Second)), container("check", exited(7, "Error", start, finish)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container check exited with code 7",
				Started: after(start), Finished: after(finish),
			},
		},
		"the pod was deleted after its work, while an injected container ran": {
			job: jobWith(ofContainers("check")),
			pods: pods(podWith(phase(corev1.PodFailed), deletedAt(30*time.Second),
				container("check", exited(0, "Completed", start, 20*time.Second)), container("proxy", exited(143, "Error", start, finish)))),
			want: execution.End{Outcome: ended(execution.Succeeded, ""), Started: after(start), Finished: after(20 * time.Second)},
		},
		"the pod was evicted before its work was done, beside an injected container": {
			job: jobWith(ofContainers("check")),
			pods: pods(podWith(phase(corev1.PodFailed), says("Evicted", "low on memory"),
				container("check", exited(0, "Completed", start, 20*time.Second)), container("proxy", exited(143, "Error", start, finish)))),
			want: execution.End{Outcome: ended(execution.Failed, "Evicted"), Message: "low on memory", Started: after(start), Finished: after(20 * time.Second)},
		},
		"names that admission has changed": {
			job:  jobWith(ofContainers("check")),
			pods: pods(podWith(phase(corev1.PodFailed), container("check-1", exited(0, "Completed", start, 20*time.Second)), container("proxy-1", exited(1, "Error", start, finish)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container proxy-1 exited with code 1",
				Started: after(start), Finished: after(finish),
			},
		},
		"the controller had stopped the pod because its work was done": {
			job:  jobWith(ofContainers("check"), stopped("succeeded/", ""), ran(start, 20*time.Second), condition(batchv1.JobFailed, "DeadlineExceeded", time.Minute)),
			want: execution.End{Outcome: ended(execution.Succeeded, ""), Started: after(start), Finished: after(20 * time.Second)}, wantDoomed: true,
		},
		"the controller had stopped the pod because its work had failed": {
			job: jobWith(ofContainers("check"), stopped("failed/ContainerFailed", "container check exited with code 3"), ran(start, 20*time.Second),
				condition(batchv1.JobFailureTarget, "DeadlineExceeded", time.Minute)),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container check exited with code 3",
				Started: after(start), Finished: after(20 * time.Second),
			}, wantDoomed: true,
		},
		"the Job's backstop bit after the work was done": {
			job:  jobWith(ofContainers("check"), condition(batchv1.JobFailureTarget, "DeadlineExceeded", time.Minute)),
			pods: pods(podWith(phase(corev1.PodRunning), container("check", exited(0, "Completed", start, 20*time.Second)), container("proxy", running(start)))),
			want: execution.End{Outcome: ended(execution.Succeeded, ""), Started: after(start), Finished: after(20 * time.Second)}, wantDoomed: true,
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
				container("check", exited(3, "Error", start, finish)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container check exited with code 3",
				Started: after(start), Finished: after(finish),
			},
		},
		"a sidecar that was killed within the same second": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed),
				sidecar("proxy", exited(143, "Error", 1*time.Second, finish)),
				container("check", exited(3, "Error", start, finish)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container check exited with code 3",
				Started: after(start), Finished: after(finish),
			},
		},
		"of two containers that failed the first one counts": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed),
				container("late", exited(4, "Error", start, finish)),
				container("early", exited(3, "Error", start, 20*time.Second)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container early exited with code 3",
				Started: after(start), Finished: after(finish),
			},
		},
		"a container that the kubelet lost comes after one that failed": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed),
				container("lost", vanished()), container("check", exited(3, "Error", start, finish)), container("too", vanished()))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container check exited with code 3",
				Started: after(start), Finished: after(finish),
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
		"the pod was deleted before it could start": {
			job: jobWith(), pods: pods(podWith(phase(corev1.PodFailed), deleting, container("check", waiting("ContainerCreating", "")))),
			want: execution.End{
				Outcome: ended(execution.Lost, execution.PodDeleted), Message: "the pod was deleted before its end was observed", Finished: after(0),
			},
		},
		"the garbage collector took a pod whose node does not answer": {
			job: jobWith(), pods: pods(runningPod(start, phase(corev1.PodFailed), deleting)),
			want: execution.End{
				Outcome: ended(execution.Lost, execution.PodDeleted), Message: "the pod was deleted before its end was observed",
				Started: after(start), Finished: after(start),
			},
		},
		"the pod was evicted through the API": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), disrupted("EvictionByEvictionAPI", finish), deletedAt(finish),
				container("check", exited(137, "Error", start, finish)))),
			want: execution.End{
				Outcome: ended(execution.Failed, "EvictionByEvictionAPI"), Message: "told to go: container check exited with code 137",
				Started: after(start), Finished: after(finish),
			},
		},
		"the pod was deleted while it ran": {
			job:  jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), deletedAt(finish), container("check", exited(137, "Error", start, finish)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.PodDeleted), Message: "the pod was deleted while it ran: container check exited with code 137",
				Started: after(start), Finished: after(finish),
			},
		},
		"the pod was deleted while it ran, and is all but gone": {
			job:  jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), goneAt(finish+2*time.Second), container("check", exited(143, "Error", start, finish)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.PodDeleted), Message: "the pod was deleted while it ran: container check exited with code 143",
				Started: after(start), Finished: after(finish),
			},
		},
		"the pod was deleted by force while it ran": {
			job:  jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), goneAt(finish), container("check", exited(1, "Error", start, finish)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.PodDeleted), Message: "the pod was deleted while it ran: container check exited with code 1",
				Started: after(start), Finished: after(finish),
			},
		},
		"the pod was deleted after it had failed, and is all but gone": {
			job:  jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), goneAt(finish+2*time.Second), container("check", exited(3, "Error", start, finish)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container check exited with code 3",
				Started: after(start), Finished: after(finish),
			},
		},
		"the pod was deleted after it had failed": {
			job:  jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), deletedAt(finish+time.Second), container("check", exited(3, "Error", start, finish)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container check exited with code 3",
				Started: after(start), Finished: after(finish),
			},
		},
		"the pod was evicted after it had failed": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), disrupted("EvictionByEvictionAPI", finish+time.Second),
				container("check", exited(3, "Error", start, finish)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container check exited with code 3",
				Started: after(start), Finished: after(finish),
			},
		},
		"the kernel killed a container of a pod that was being deleted": {
			job:  jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), deletedAt(start), container("check", exited(137, "OOMKilled", start, finish)))),
			want: execution.End{
				Outcome: ended(execution.Failed, "OOMKilled"), Message: "container check exited with code 137",
				Started: after(start), Finished: after(finish),
			},
		},
		"the Job controller deleted the pod of a Job past its deadline": {
			job:  jobWith(condition(batchv1.JobFailureTarget, "DeadlineExceeded", time.Minute)),
			pods: pods(podWith(phase(corev1.PodFailed), deletedAt(time.Minute), container("check", exited(137, "Error", start, finish)))),
			want: execution.End{
				Outcome: ended(execution.Failed, "DeadlineExceeded"), Message: "said the Job controller", Started: after(start), Finished: after(time.Minute),
			},
			wantDoomed: true,
		},
		"the pod that the controller had stopped": {
			job:  jobWith(stopped("failed/ImagePullBackOff", "no such image")),
			pods: pods(podWith(phase(corev1.PodFailed), deleting, container("check", waiting("ImagePullBackOff", "")))),
			want: execution.End{Outcome: ended(execution.Failed, "ImagePullBackOff"), Message: "no such image", Finished: after(0)},
		},
		"the pod that the controller had stopped before it ran, and its Job failed for it": {
			job:        jobWith(stopped("failed/ImagePullBackOff", "no such image"), condition(batchv1.JobFailureTarget, "DeadlineExceeded", time.Minute)),
			pods:       pods(podWith(phase(corev1.PodFailed), goneAt(time.Minute), container("check", vanished()))),
			want:       execution.End{Outcome: ended(execution.Failed, "ImagePullBackOff"), Message: "no such image", Finished: after(time.Minute)},
			wantDoomed: true,
		},
		"the pod that the controller had stopped succeeded before": {
			job: jobWith(stopped("failed/JobTimeout", "still running")), pods: pods(succeededPod(start, finish)),
			want: execution.End{Outcome: ended(execution.Succeeded, ""), Started: after(start), Finished: after(finish)},
		},
		"the third of three attempts failed": {
			job:  jobWith(backoff(2)),
			pods: pods(failedPodAt(100*time.Second, 110*time.Second, says("Evicted", "third")), failedPodAt(0, start), failedPodAt(50*time.Second, 60*time.Second)),
			want: execution.End{
				Outcome: ended(execution.Failed, "Evicted"), Message: "third", Started: after(0), Finished: after(110 * time.Second),
			},
		},
		"the second of three attempts succeeded": {
			job:  jobWith(backoff(2)),
			pods: pods(failedPodAt(1*time.Second, start), succeededPod(50*time.Second, finish)),
			want: execution.End{Outcome: ended(execution.Succeeded, ""), Started: after(1 * time.Second), Finished: after(finish)},
		},
		"the Job controller says why": {
			job:        jobWith(condition(batchv1.JobFailed, "DeadlineExceeded", time.Minute)),
			want:       execution.End{Outcome: ended(execution.Failed, "DeadlineExceeded"), Message: "said the Job controller", Finished: after(time.Minute)},
			wantDoomed: true,
		},
		"the Job is about to fail": {
			job: jobWith(condition(batchv1.JobFailureTarget, "DeadlineExceeded", time.Minute)), pods: pods(runningPod(start)),
			want: execution.End{
				Outcome: ended(execution.Failed, "DeadlineExceeded"), Message: "said the Job controller",
				Started: after(start), Finished: after(time.Minute),
			},
			wantDoomed: true,
		},
		"the Job failed, and its pod is there to say why": {
			job:  jobWith(condition(batchv1.JobFailureTarget, "BackoffLimitExceeded", time.Minute)),
			pods: pods(failedPodAt(start, finish)),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container check exited with code 1",
				Started: after(start), Finished: after(finish),
			},
			wantDoomed: true,
		},
		"the Job failed, and its pod was deleted by hand": {
			job: jobWith(condition(batchv1.JobFailed, "BackoffLimitExceeded", time.Minute)),
			want: execution.End{
				Outcome: ended(execution.Lost, execution.PodDeleted), Message: "the pod was deleted before its end was observed", Finished: after(time.Minute),
			},
			wantDoomed: true,
		},
		"the Job failed because the controller stopped it": {
			job:        jobWith(stopped("failed/Unschedulable", "0/3 nodes are available"), condition(batchv1.JobFailed, "DeadlineExceeded", time.Minute)),
			want:       execution.End{Outcome: ended(execution.Failed, "Unschedulable"), Message: "0/3 nodes are available", Finished: after(time.Minute)},
			wantDoomed: true,
		},
		"a stopped Job whose killed pod has an exit code": {
			job:  jobWith(stopped("lost/NodeGone", "the node was deleted"), condition(batchv1.JobFailed, "DeadlineExceeded", time.Minute)),
			pods: pods(podWith(phase(corev1.PodFailed), container("check", exited(137, "Error", start, finish)))),
			want: execution.End{
				Outcome: ended(execution.Lost, execution.NodeGone), Message: "the node was deleted", Started: after(start), Finished: after(finish),
			},
			wantDoomed: true,
		},
		"a stop annotation that does not say when it ran cannot turn a failure into a success": {
			job:        jobWith(stopped("succeeded/", "all is well"), condition(batchv1.JobFailed, "DeadlineExceeded", time.Minute)),
			want:       execution.End{Outcome: ended(execution.Failed, "DeadlineExceeded"), Message: "said the Job controller", Finished: after(time.Minute)},
			wantDoomed: true,
		},
		"the Job completed, and its pod is gone": {
			job:  jobWith(condition(batchv1.JobComplete, "", 2*time.Minute), completedAt(time.Minute)),
			want: execution.End{Outcome: ended(execution.Succeeded, ""), Finished: after(time.Minute)},
		},
		"the Job is about to complete, and its pod is gone": {
			job:  jobWith(condition(batchv1.JobSuccessCriteriaMet, "", 2*time.Minute)),
			want: execution.End{Outcome: ended(execution.Succeeded, ""), Finished: after(2 * time.Minute)},
		},
		"a hostile reason and message": {
			job:  jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), says("../etc\n"+strings.Repeat("x", 99), "<script>"))),
			want: execution.End{Outcome: ended(execution.Failed, execution.Reason("etc"+strings.Repeat("x", 61))), Message: "<script>", Finished: after(0)},
		},
		"a reason of nothing but signs": {
			job: jobWith(), pods: pods(podWith(phase(corev1.PodFailed), says("…", ""))),
			want: execution.End{Outcome: ended(execution.Failed, "Unknown"), Finished: after(0)},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			run := ProgressOf(tc.job, tc.pods)
			got, other := run.End, run.Doomed
			if tc.wantDoomed {
				got, other = other, got
			}
			if diff := cmp.Diff(&tc.want, got); diff != "" {
				t.Errorf("end (-want +got):\n%s", diff)
			}
			if other != nil {
				t.Errorf("ends twice: %+v", other)
			}
		})
	}
}

func TestObserveGoesOn(t *testing.T) {
	cases := map[string]struct {
		job  *batchv1.Job
		pods []*corev1.Pod

		wantWaiting     time.Time
		wantStarted     time.Time
		wantRunning     bool
		wantCannotStart bool
	}{
		"no pod yet":             {job: jobWith(), wantWaiting: after(0), wantCannotStart: true},
		"a pod that is new":      {job: jobWith(), pods: pods(podWith(born(time.Second))), wantWaiting: after(time.Second)},
		"a pod that runs":        {job: jobWith(), pods: pods(runningPod(10 * time.Second)), wantWaiting: after(0), wantStarted: after(10 * time.Second), wantRunning: true},
		"a pod that initializes": {job: jobWith(), pods: pods(podWith(initContainer("prepare", running(5*time.Second)), container("check", waiting("PodInitializing", "")))), wantWaiting: after(0), wantRunning: true},
		"a pod that has initialized": {
			job: jobWith(), pods: pods(podWith(initContainer("prepare", exited(0, "Completed", 5*time.Second, 50*time.Second)), container("check", waiting("PodInitializing", "")))),
			wantWaiting: after(50 * time.Second),
		},
		"a pod whose second init container is being made": {
			job: jobWith(), pods: pods(podWith(initContainer("prepare", exited(0, "Completed", 5*time.Second, 50*time.Second)),
				initContainer("more", waiting("PodInitializing", "")), container("check", waiting("PodInitializing", "")))),
			wantWaiting: after(50 * time.Second),
		},
		"a pod of which only a sidecar runs": {
			job: jobWith(), pods: pods(podWith(sidecar("ship", running(5*time.Second)), container("check", waiting("PodInitializing", "")))), wantWaiting: after(0),
		},
		"a pod of which one of two containers runs": {
			job: jobWith(), pods: pods(podWith(container("helper", running(5*time.Second)), container("check", waiting("ErrImagePull", "")))),
			wantWaiting: after(0), wantStarted: after(5 * time.Second),
		},
		"a pod of which nothing is known of one container": {
			job: jobWith(), pods: pods(podWith(container("helper", running(5*time.Second)), unseen("check"))),
			wantWaiting: after(0), wantStarted: after(5 * time.Second),
		},
		"a pod with a container for debugging": {
			job: jobWith(), pods: pods(podWith(debugged(running(5*time.Second)), container("check", waiting("ErrImagePull", "")))), wantWaiting: after(0),
		},
		"a pod that is being deleted while it is debugged": {
			job: jobWith(), pods: pods(podWith(deleting, debugged(running(5*time.Second)), container("check", exited(0, "", 1*time.Second, 2*time.Second)))),
			wantWaiting: after(0), wantStarted: after(1 * time.Second), wantRunning: true,
		},
		"a pod whose container is being started again in place": {
			job: jobWith(), pods: pods(podWith(restarted("check", waiting("CrashLoopBackOff", "back-off"), exited(1, "Error", 5*time.Second, 6*time.Second)))),
			wantWaiting: after(0), wantStarted: after(5 * time.Second), wantRunning: true,
		},
		"a pod whose container was started again in place": {
			job: jobWith(), pods: pods(podWith(restarted("check", running(50*time.Second), exited(1, "Error", 5*time.Second, 6*time.Second)))),
			wantWaiting: after(0), wantStarted: after(5 * time.Second), wantRunning: true,
		},
		"a pod of which one container has failed": {
			job:         jobWith(),
			pods:        pods(runningPod(10*time.Second, container("other", exited(1, "Error", 8*time.Second, 9*time.Second)))),
			wantWaiting: after(0), wantStarted: after(8 * time.Second), wantRunning: true,
		},
		"a pod whose only container could not be started": {
			job: jobWith(), pods: pods(podWith(container("check", unstartable(9*time.Second)))), wantWaiting: after(0), wantRunning: true,
		},
		"a pod that never started and is being deleted": {
			job: jobWith(), pods: pods(podWith(deleting)), wantWaiting: after(0), wantCannotStart: true,
		},
		"a pod that is being deleted, and may have started on its node": {
			job: jobWith(), pods: pods(podWith(onNode, deleting)), wantWaiting: after(0),
		},
		"a pod that is being deleted, and of which the kubelet has nothing left": {
			job: jobWith(), pods: pods(podWith(onNode, goneAt(time.Minute))), wantWaiting: after(0), wantCannotStart: true,
		},
		"a pod that runs and is being deleted": {
			job: jobWith(), pods: pods(runningPod(10*time.Second, deleting)), wantWaiting: after(0), wantStarted: after(10 * time.Second), wantRunning: true,
		},
		"a pod in the phase Unknown": {
			job: jobWith(), pods: pods(podWith(phase(corev1.PodUnknown))), wantWaiting: after(0),
		},
		"the first of three attempts failed": {
			job: jobWith(backoff(2)), pods: pods(failedPodAt(time.Second, 2*time.Second)),
			wantWaiting: after(time.Second), wantStarted: after(time.Second), wantRunning: true,
		},
		"two of three attempts failed": {
			job: jobWith(backoff(2)), pods: pods(failedPodAt(time.Second, 2*time.Second), failedPodAt(20*time.Second, 22*time.Second)),
			wantWaiting: after(20 * time.Second), wantStarted: after(20 * time.Second), wantRunning: true,
		},
		"the second of three attempts begins": {
			job: jobWith(backoff(2)), pods: pods(podWith(born(20*time.Second)), failedPodAt(time.Second, 2*time.Second)),
			wantWaiting: after(20 * time.Second),
		},
		"a Job without a limit makes one attempt": {
			job: jobWith(func(j *batchv1.Job) { j.Spec.BackoffLimit = nil }), pods: pods(podWith()), wantWaiting: after(0),
		},
		"a condition that is not true": {
			job: jobWith(func(j *batchv1.Job) {
				j.Status.Conditions = []batchv1.JobCondition{
					{Type: batchv1.JobFailed, Status: corev1.ConditionFalse}, {Type: batchv1.JobComplete, Status: corev1.ConditionUnknown},
				}
			}),
			pods: pods(podWith()), wantWaiting: after(0),
		},
		"a suspended Job": {
			job: jobWith(condition(batchv1.JobSuspended, "JobSuspended", time.Minute)), wantWaiting: after(0), wantCannotStart: true,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			run := ProgressOf(tc.job, tc.pods)
			if run.End != nil || run.Doomed != nil {
				t.Fatalf("ended: %+v, %+v", run.End, run.Doomed)
			}
			if !run.Waiting.Equal(tc.wantWaiting) {
				t.Errorf("waiting since %s, want %s", run.Waiting, tc.wantWaiting)
			}
			if !run.Started.Equal(tc.wantStarted) {
				t.Errorf("started %s, want %s", run.Started, tc.wantStarted)
			}
			if run.Running != tc.wantRunning {
				t.Errorf("Running %t, want %t", run.Running, tc.wantRunning)
			}
			if run.CannotStart != tc.wantCannotStart {
				t.Errorf("CannotStart %t, want %t", run.CannotStart, tc.wantCannotStart)
			}
		})
	}
}

func TestObserveWithoutALimit(t *testing.T) {
	job := jobWith(func(j *batchv1.Job) { j.Spec.BackoffLimit = nil })
	if run := ProgressOf(job, pods(failedPodAt(0, time.Second))); run.End == nil {
		t.Error("waits for another attempt")
	}
}

func TestWhyNotStarted(t *testing.T) {
	cases := map[string]struct {
		pods []*corev1.Pod

		want        execution.Reason
		wantMessage string
	}{
		"no pod": {want: execution.PodNotCreated, wantMessage: "the Job controller created no pod; see the events of the Job for the cause, such as a quota, a webhook or Pod Security"},
		"the image cannot be pulled": {
			pods: pods(podWith(container("check", waiting("ErrImagePull", "not found")))),
			want: "ErrImagePull", wantMessage: "container check: not found",
		},
		"the image still cannot be pulled": {
			pods: pods(podWith(container("check", waiting("ImagePullBackOff", "Back-off")))),
			want: "ImagePullBackOff", wantMessage: "container check: Back-off",
		},
		"a Secret is missing": {
			pods: pods(podWith(container("check", waiting("CreateContainerConfigError", `secret "x" not found`)))),
			want: "CreateContainerConfigError", wantMessage: `container check: secret "x" not found`,
		},
		"an init container keeps the others waiting": {
			pods: pods(podWith(initContainer("prepare", waiting("InvalidImageName", "bad")), container("check", waiting("PodInitializing", "")))),
			want: "InvalidImageName", wantMessage: "container prepare: bad",
		},
		"the second of two containers waits for something": {
			pods: pods(podWith(container("check", waiting("ContainerCreating", "")), container("upload", waiting("ErrImagePull", "gone")))),
			want: "ErrImagePull", wantMessage: "container upload: gone",
		},
		"the scheduler finds no room": {
			pods: pods(podWith(unscheduled("Unschedulable", "0/3 nodes are available: 1 Insufficient cpu"))),
			want: "Unschedulable", wantMessage: "0/3 nodes are available: 1 Insufficient cpu",
		},
		"a container waits, and does not say for what": {
			pods: pods(podWith(container("check", waiting("", "")))),
			want: execution.PodNotStarted, wantMessage: "no container started, and the pod's status has no reason",
		},
		"a volume cannot be mounted": {
			pods: pods(podWith(container("check", waiting("ContainerCreating", "")))),
			want: execution.PodNotStarted, wantMessage: "no container started, and the pod's status has no reason",
		},
		"a sidecar runs, and the image of the container cannot be pulled": {
			pods: pods(podWith(sidecar("ship", running(0)), container("check", waiting("ImagePullBackOff", "not found")))),
			want: "ImagePullBackOff", wantMessage: "container check: not found",
		},
		"a sidecar crashes, and the image of the container cannot be pulled": {
			pods: pods(podWith(sidecar("ship", waiting("CrashLoopBackOff", "back-off")), container("check", waiting("ImagePullBackOff", "not found")))),
			want: "ImagePullBackOff", wantMessage: "container check: not found",
		},
		"a sidecar keeps the others waiting": {
			pods: pods(podWith(sidecar("ship", waiting("CrashLoopBackOff", "back-off")), container("check", waiting("PodInitializing", "")))),
			want: "CrashLoopBackOff", wantMessage: "container ship: back-off",
		},
		"one of two containers runs, and the other one does not say what it waits for": {
			pods: pods(podWith(container("helper", running(0)), unseen("check"))),
			want: execution.PodNotStarted, wantMessage: "container check did not start, and the pod's status has no reason",
		},
		"the newest of several pods counts": {
			pods: pods(podWith(born(time.Minute), container("check", waiting("ErrImagePull", "new"))), failedPodAt(0, 0)),
			want: "ErrImagePull", wantMessage: "container check: new",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			end := ProgressOf(jobWith(backoff(3)), tc.pods).WhyNotStarted()
			if end.Outcome != ended(execution.Failed, tc.want) || end.Message != tc.wantMessage {
				t.Errorf("got %v %q, want %s %q", end.Outcome, end.Message, tc.want, tc.wantMessage)
			}
		})
	}
}

func TestStopOf(t *testing.T) {
	long := strings.Repeat("m", 2*execution.MaxMessage)
	cases := map[string]struct {
		annotation, message string
		ran                 bool

		want        execution.Outcome
		wantMessage string
		wantNone    bool
	}{
		"none":                           {wantNone: true},
		"a pod that did not start":       {annotation: "failed/ImagePullBackOff", message: "m", want: ended(execution.Failed, "ImagePullBackOff"), wantMessage: "m"},
		"a node that is gone":            {annotation: "lost/NodeGone", want: ended(execution.Lost, execution.NodeGone)},
		"a reason in a foreign alphabet": {annotation: "failed/Ошибка", want: ended(execution.Failed, "Unknown")},
		"a reason with a path":           {annotation: "failed/../../etc", want: ended(execution.Failed, "etc")},
		"no reason":                      {annotation: "failed/", want: ended(execution.Failed, "Unknown")},
		"a huge message":                 {annotation: "failed/X", message: long, want: ended(execution.Failed, "X"), wantMessage: execution.Truncate(long, execution.MaxMessage)},
		"no separator":                   {annotation: "failed", wantNone: true},
		"a state that is none":           {annotation: "Failed/X", wantNone: true},
		"a state that is not final":      {annotation: "running/X", wantNone: true},
		"a success without its times":    {annotation: "succeeded/", wantNone: true},
		"a success for a reason":         {annotation: "succeeded/X", ran: true, wantNone: true},
		"a success":                      {annotation: "succeeded/", ran: true, want: ended(execution.Succeeded, "")},
		"a skip, which is never ordered": {annotation: "skipped/X", wantNone: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			job := jobWith(stopped(tc.annotation, tc.message))
			if tc.ran {
				ran(time.Second, 2*time.Second)(job)
			}
			got, ok := StopOf(job)
			if ok == tc.wantNone {
				t.Fatalf("found %+v, %t", got, ok)
			}
			if got.Outcome != tc.want || got.Message != tc.wantMessage {
				t.Errorf("got %+v, want %v %q", got, tc.want, tc.wantMessage)
			}
		})
	}
	if _, ok := StopOf(jobWith()); ok {
		t.Error("a Job without annotations was stopped")
	}
}

var reasonPattern = regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`)

func FuzzObserve(f *testing.F) {
	f.Add("Failed", "Evicted", "low on memory", "Error", "said", int32(137), "failed/X", "m", "DeadlineExceeded", int64(0), uint8(1))
	f.Add("Pending", "", "", "ImagePullBackOff", "", int32(0), "", "", "", int64(-1), uint8(2))
	f.Add("Running", "\x00", "\xff", "…", "\n", int32(-1), "succeeded/…", "\xff", "BackoffLimitExceeded", int64(1)<<40, uint8(7))
	f.Add("Failed", "DeadlineExceeded", "", "", "", int32(1), "lost/", "", "", int64(1), uint8(12))
	f.Fuzz(func(t *testing.T, podPhase, podReason, podMessage, reason, message string, code int32,
		stop, stopMessage, jobReason string, seconds int64, shape uint8) {
		at := metav1.Unix(seconds, 0)
		state := corev1.ContainerState{}
		switch shape % 4 {
		case 0:
			state.Terminated = &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason, Message: message, StartedAt: at, FinishedAt: stamp(0)}
		case 1:
			state.Waiting = &corev1.ContainerStateWaiting{Reason: reason, Message: message}
		case 2:
			state.Running = &corev1.ContainerStateRunning{StartedAt: at}
		}
		pod := podWith(phase(corev1.PodPhase(podPhase)), says(podReason, podMessage), container(reason, state),
			initContainer(message, state), unscheduled(reason, message))
		job := jobWith(backoff(code%3), stopped(stop, stopMessage))
		if shape&4 != 0 {
			condition(batchv1.JobConditionType(jobReason), jobReason, 0)(job)
			condition(batchv1.JobFailed, jobReason, 0)(job)
		}
		if shape&8 != 0 {
			deleting(pod)
		}
		run := ProgressOf(job, pods(pod))
		why := run.WhyNotStarted()
		for _, end := range []*execution.End{run.End, run.Doomed, &why} {
			switch {
			case end == nil:
			case !end.Outcome.State.Final():
				t.Errorf("ends as %q", end.Outcome.State)
			case end.Outcome.State == execution.Succeeded && end.Outcome.Reason == "":
			case !reasonPattern.MatchString(string(end.Outcome.Reason)):
				t.Errorf("reason %q", end.Outcome.Reason)
			}
		}
		observation := Observation{Settings: settings(), Job: job, Pods: pods(pod), Created: true, Seen: true, Since: origin}
		if action := Next(observation, after(time.Minute)); action.Step == Wait && action.Recheck <= 0 {
			t.Errorf("waits for ever: %+v", action)
		}
		if _, ok := jobspec.KeyOf(job); ok {
			t.Error("the Job has a key")
		}
	})
}
