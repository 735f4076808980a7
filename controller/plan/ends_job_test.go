package plan

import (
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func endsOfJobs() map[string]endCase {
	return map[string]endCase{
		"the Job controller deleted the pod of a Job past its deadline": {
			job:  jobWith(condition(batchv1.JobFailureTarget, "DeadlineExceeded", time.Minute)),
			pods: pods(podWith(phase(corev1.PodFailed), deletedAt(time.Minute), container("check", exited(137, "Error", workStart, workEnd)))),
			want: execution.End{
				Outcome: ended(execution.Failed, "DeadlineExceeded"), Message: "said the Job controller", Started: after(workStart), Finished: after(time.Minute),
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
			job: jobWith(stopped("failed/JobTimeout", "still running")), pods: pods(succeededPod(workStart, workEnd)),
			want: execution.End{Outcome: ended(execution.Succeeded, ""), Started: after(workStart), Finished: after(workEnd)},
		},
		"the third of three attempts failed": {
			job:  jobWith(backoff(2)),
			pods: pods(failedPodAt(100*time.Second, 110*time.Second, says("Evicted", "third")), failedPodAt(0, workStart), failedPodAt(50*time.Second, 60*time.Second)),
			want: execution.End{
				Outcome: ended(execution.Failed, "Evicted"), Message: "third", Started: after(0), Finished: after(110 * time.Second),
			},
		},
		"the second of three attempts succeeded": {
			job:  jobWith(backoff(2)),
			pods: pods(failedPodAt(1*time.Second, workStart), succeededPod(50*time.Second, workEnd)),
			want: execution.End{Outcome: ended(execution.Succeeded, ""), Started: after(1 * time.Second), Finished: after(workEnd)},
		},
		"the Job controller says why": {
			job:        jobWith(condition(batchv1.JobFailed, "DeadlineExceeded", time.Minute)),
			want:       execution.End{Outcome: ended(execution.Failed, "DeadlineExceeded"), Message: "said the Job controller", Finished: after(time.Minute)},
			wantDoomed: true,
		},
		"the Job is about to fail": {
			job: jobWith(condition(batchv1.JobFailureTarget, "DeadlineExceeded", time.Minute)), pods: pods(runningPod(workStart)),
			want: execution.End{
				Outcome: ended(execution.Failed, "DeadlineExceeded"), Message: "said the Job controller",
				Started: after(workStart), Finished: after(time.Minute),
			},
			wantDoomed: true,
		},
		"the Job failed, and its pod is there to say why": {
			job:  jobWith(condition(batchv1.JobFailureTarget, "BackoffLimitExceeded", time.Minute)),
			pods: pods(failedPodAt(workStart, workEnd)),
			want: execution.End{
				Outcome: ended(execution.Failed, execution.ContainerFailed), Message: "container check exited with code 1",
				Started: after(workStart), Finished: after(workEnd),
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
			pods: pods(podWith(phase(corev1.PodFailed), container("check", exited(137, "Error", workStart, workEnd)))),
			want: execution.End{
				Outcome: ended(execution.Lost, execution.NodeGone), Message: "the node was deleted", Started: after(workStart), Finished: after(workEnd),
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
}
