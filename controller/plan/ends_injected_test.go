package plan

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func endsBesideInjectedContainers() map[string]endCase {
	return map[string]endCase{
		"an injected container went on until the pod ran out of time": {
			job: jobWith(ofContainers("check")),
			pods: pods(podWith(phase(corev1.PodFailed), says("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
				activeFrom(0, workEnd), container("check", exited(0, "Completed", workStart, 20*time.Second)), container("proxy", exited(137, "Error", workStart, workEnd)))),
			want: execution.End{Outcome: ended(execution.Succeeded, ""), Started: after(workStart), Finished: after(20 * time.Second)},
		},
		"an injected container went on after a failure until the pod ran out of time": {
			job: jobWith(ofContainers("check,second")),
			pods: pods(podWith(phase(corev1.PodFailed), says("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
				activeFrom(0, workEnd), container("check", exited(3, "Error", workStart, 20*time.Second)), container("proxy", exited(137, "Error", workStart, workEnd)),
				container("second", exited(0, "Completed", workStart, 30*time.Second)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container check exited with code 3",
				Started: after(workStart), Finished: after(30 * time.Second),
			},
		},
		"a script that ends with 0 when time is up, beside an injected container": {
			job: jobWith(ofContainers("check")),
			pods: pods(podWith(phase(corev1.PodFailed), says("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
				activeFrom(0, 60*time.Second), container("check", exited(0, "Completed", workStart, 60*time.Second)), container("proxy", exited(137, "Error", workStart, workEnd)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.JobTimeout), Message: "Pod was active on the node longer than the specified deadline: containers check, proxy",
				Started: after(workStart), Finished: after(60 * time.Second),
			},
		},
		"an injected container failed after the work": {
			job:  jobWith(ofContainers("check")),
			pods: pods(podWith(phase(corev1.PodFailed), container("check", exited(0, "Completed", workStart, 20*time.Second)), container("proxy", exited(1, "Error", workStart, workEnd)))),
			want: execution.End{Outcome: ended(execution.Succeeded, ""), Started: after(workStart), Finished: after(20 * time.Second)},
		},
		"an injected container that failed before the work did": {
			job:  jobWith(ofContainers("check")),
			pods: pods(podWith(phase(corev1.PodFailed), container("proxy", exited(1, "Error", workStart, 20*time.Second)), container("check", exited(7, "Error", workStart, workEnd)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container check exited with code 7",
				Started: after(workStart), Finished: after(workEnd),
			},
		},
		"the pod was deleted after its work, while an injected container ran": {
			job: jobWith(ofContainers("check")),
			pods: pods(podWith(phase(corev1.PodFailed), deletedAt(30*time.Second),
				container("check", exited(0, "Completed", workStart, 20*time.Second)), container("proxy", exited(143, "Error", workStart, workEnd)))),
			want: execution.End{Outcome: ended(execution.Succeeded, ""), Started: after(workStart), Finished: after(20 * time.Second)},
		},
		"the pod was evicted before its work was done, beside an injected container": {
			job: jobWith(ofContainers("check")),
			pods: pods(podWith(phase(corev1.PodFailed), says("Evicted", "low on memory"),
				container("check", exited(0, "Completed", workStart, 20*time.Second)), container("proxy", exited(143, "Error", workStart, workEnd)))),
			want: execution.End{Outcome: ended(execution.Failed, "Evicted"), Message: "low on memory", Started: after(workStart), Finished: after(20 * time.Second)},
		},
		"names that admission has changed": {
			job:  jobWith(ofContainers("check")),
			pods: pods(podWith(phase(corev1.PodFailed), container("check-1", exited(0, "Completed", workStart, 20*time.Second)), container("proxy-1", exited(1, "Error", workStart, workEnd)))),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container proxy-1 exited with code 1",
				Started: after(workStart), Finished: after(workEnd),
			},
		},
		"the controller had stopped the pod because its work was done": {
			job:  jobWith(ofContainers("check"), stopped("succeeded/", ""), ran(workStart, 20*time.Second), condition(batchv1.JobFailed, "DeadlineExceeded", time.Minute)),
			want: execution.End{Outcome: ended(execution.Succeeded, ""), Started: after(workStart), Finished: after(20 * time.Second)}, wantDoomed: true,
		},
		"the controller had stopped the pod because its work had failed": {
			job: jobWith(ofContainers("check"), stopped("failed/ContainerFailed", "container check exited with code 3"), ran(workStart, 20*time.Second),
				condition(batchv1.JobFailureTarget, "DeadlineExceeded", time.Minute)),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container check exited with code 3",
				Started: after(workStart), Finished: after(20 * time.Second),
			}, wantDoomed: true,
		},
	}
}
