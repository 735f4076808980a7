package plan

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func endsOfDeletedPods() map[string]endCase {
	return map[string]endCase{
		"the pod was deleted before it could start": {
			job: jobWith(), pods: pods(podWith(phase(corev1.PodFailed), deleting, container("check", waiting("ContainerCreating", "")))),
			want: execution.End{
				Outcome: ended(execution.Lost, execution.PodDeleted), Message: "the pod was deleted before its end was observed", Finished: after(0),
			},
		},
		"the garbage collector took a pod whose node does not answer": {
			job: jobWith(), pods: pods(runningPod(workStart, phase(corev1.PodFailed), deleting)),
			want: execution.End{
				Outcome: ended(execution.Lost, execution.PodDeleted), Message: "the pod was deleted before its end was observed",
				Started: after(workStart), Finished: after(workStart),
			},
		},
		"the pod was evicted through the API": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), disrupted("EvictionByEvictionAPI", workEnd), deletedAt(workEnd),
				container("check", exited(137, "Error", workStart, workEnd)))),
			want: execution.End{
				Outcome: ended(execution.Failed, "EvictionByEvictionAPI"), Message: "told to go: container check exited with code 137",
				Started: after(workStart), Finished: after(workEnd),
			},
		},
		"the pod was deleted while it ran": {
			job:  jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), deletedAt(workEnd), container("check", exited(137, "Error", workStart, workEnd)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.PodDeleted), Message: "the pod was deleted while it ran: container check exited with code 137",
				Started: after(workStart), Finished: after(workEnd),
			},
		},
		"the pod was deleted while it ran, and is all but gone": {
			job:  jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), goneAt(workEnd+2*time.Second), container("check", exited(143, "Error", workStart, workEnd)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.PodDeleted), Message: "the pod was deleted while it ran: container check exited with code 143",
				Started: after(workStart), Finished: after(workEnd),
			},
		},
		"the pod was deleted by force while it ran": {
			job:  jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), goneAt(workEnd), container("check", exited(1, "Error", workStart, workEnd)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.PodDeleted), Message: "the pod was deleted while it ran: container check exited with code 1",
				Started: after(workStart), Finished: after(workEnd),
			},
		},
		"the pod was deleted after it had failed, and is all but gone": {
			job:  jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), goneAt(workEnd+2*time.Second), container("check", exited(3, "Error", workStart, workEnd)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container check exited with code 3",
				Started: after(workStart), Finished: after(workEnd),
			},
		},
		"the pod was deleted after it had failed": {
			job:  jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), deletedAt(workEnd+time.Second), container("check", exited(3, "Error", workStart, workEnd)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container check exited with code 3",
				Started: after(workStart), Finished: after(workEnd),
			},
		},
		"the pod was evicted after it had failed": {
			job: jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), disrupted("EvictionByEvictionAPI", workEnd+time.Second),
				container("check", exited(3, "Error", workStart, workEnd)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container check exited with code 3",
				Started: after(workStart), Finished: after(workEnd),
			},
		},
		"the kernel killed a container of a pod that was being deleted": {
			job:  jobWith(),
			pods: pods(podWith(phase(corev1.PodFailed), deletedAt(workStart), container("check", exited(137, "OOMKilled", workStart, workEnd)))),
			want: execution.End{
				Outcome: ended(execution.Failed, "OOMKilled"), Message: "container check exited with code 137",
				Started: after(workStart), Finished: after(workEnd),
			},
		},
	}
}
