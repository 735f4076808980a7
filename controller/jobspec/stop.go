package jobspec

import (
	batchv1 "k8s.io/api/batch/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// StopPatch returns the merge patch that makes the Job controller end a Job and delete
// its pod. It keeps the end that the controller gives it in annotations, because the
// pod's own end goes with the pod. It names the UID: another Job of that name is left
// alone.
func StopPatch(job *batchv1.Job, end execution.End) map[string]any {
	annotations := map[string]string{
		StopAnnotation:        string(end.Outcome.State) + "/" + string(end.Outcome.Reason),
		StopMessageAnnotation: execution.Truncate(end.Message, execution.MaxMessage),
	}
	if ran := FormatRan(end.Started, end.Finished); ran != "" {
		annotations[StopRanAnnotation] = ran
	}
	return map[string]any{
		"metadata": map[string]any{"uid": job.UID, "annotations": annotations},
		"spec":     map[string]any{"activeDeadlineSeconds": 1},
	}
}
