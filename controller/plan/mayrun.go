package plan

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// MayRun reports whether a pod of a Job runs or may be created yet: the Job
// controller says that a Job is complete or has failed after its last pod has
// ended.
func MayRun(job *batchv1.Job) bool {
	return jobCondition(job, batchv1.JobComplete) == nil && jobCondition(job, batchv1.JobFailed) == nil
}

// PodMayRun reports whether a pod whose Job may be gone runs, or may run yet. One
// that was told to end does for its grace and StopMargin at most: of a node that is
// dead no end is ever told.
func PodMayRun(pod *corev1.Pod, now time.Time) bool {
	if hasEnded(pod) || allButGone(pod) {
		return false
	}
	run := Observe(&batchv1.Job{}, []*corev1.Pod{pod})
	told, deleted := run.deleted()
	return !deleted || now.Before(run.graceOver(told))
}
