package plan

import batchv1 "k8s.io/api/batch/v1"

// MayRun reports whether a pod of a Job runs or may be created yet: the Job
// controller says that a Job is complete or has failed after its last pod has
// ended.
func MayRun(job *batchv1.Job) bool {
	return jobCondition(job, batchv1.JobComplete) == nil && jobCondition(job, batchv1.JobFailed) == nil
}
