package plan

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// MayRun reports whether a pod of a Job runs or may still be created. The Job
// controller marks a Job complete or failed after its last pod has ended.
func MayRun(job *batchv1.Job) bool {
	return jobCondition(job, batchv1.JobComplete) == nil && jobCondition(job, batchv1.JobFailed) == nil
}

// PodMayRun reports whether a pod, whose Job may be gone, runs or may still run. A
// deleted pod may run for its grace period and StopMargin: on a dead node its end
// is never reported.
func PodMayRun(pod *corev1.Pod, now time.Time) bool {
	if hasEnded(pod) || deletedWithoutGrace(pod) {
		return false
	}
	progress := ProgressOf(&batchv1.Job{}, []*corev1.Pod{pod})
	since, deleted := progress.deleted()
	return !deleted || now.Before(progress.graceEnd(since))
}
