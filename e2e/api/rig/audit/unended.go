package audit

import (
	"fmt"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/e2e/cluster"
)

// mostUnended is how many objects a text of a State names.
const mostUnended = 20

// unended says which pods are live, and which Jobs have not ended. With it a test that has
// waited in vain shows whether its cluster or the controller did not go on.
func (s *State) unended() string {
	var lines []string
	for uid := range s.live {
		lines = append(lines, livePod(s.Pods[uid]))
	}
	for uid, job := range s.Jobs {
		if !s.Gone[uid] && !finished(job) {
			lines = append(lines, fmt.Sprintf("Job %s: %d active, %d succeeded, %d failed",
				job.Name, job.Status.Active, job.Status.Succeeded, job.Status.Failed))
		}
	}
	slices.Sort(lines)
	if more := len(lines) - mostUnended; more > 0 {
		lines = append(lines[:mostUnended], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(append([]string{fmt.Sprintf("%d Jobs, %d pods", len(s.Jobs), len(s.Pods))}, lines...), "\n")
}

func livePod(pod *corev1.Pod) string {
	return fmt.Sprintf("pod %s: %s on %q, to run for %s, deleted at %v",
		pod.Name, pod.Status.Phase, pod.Spec.NodeName, pod.Annotations[cluster.RunForAnnotation], pod.DeletionTimestamp)
}

func finished(job *batchv1.Job) bool {
	return slices.ContainsFunc(job.Status.Conditions, func(c batchv1.JobCondition) bool {
		return (c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed) && c.Status == corev1.ConditionTrue
	})
}
