package pods

import (
	"context"
	"fmt"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// jobOf returns the name of a node's Job.
func jobOf(e progress.Execution, node string) string {
	return jobspec.JobName(e.NodeCronJob, execution.Key{Execution: e.ID, Node: node})
}

func selector(i *cluster.Installation, e progress.Execution) string {
	return jobspec.Selector(i.Config.Name, jobspec.JobComponent).String() + "," + jobspec.ExecutionLabel + "=" + string(e.ID)
}

// inPhases returns the pods of an execution in some phases.
func inPhases(ctx context.Context, i *cluster.Installation, e progress.Execution, phases string) ([]corev1.Pod, error) {
	pods, err := i.CoreV1().Pods(i.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector(i, e), FieldSelector: phases})
	if err != nil {
		return nil, fmt.Errorf("list the pods of execution %s: %w", e.ID, err)
	}
	return pods.Items, nil
}

// namesOf returns the metadata of the pods of an execution in some phases, of all
// nodes or of the given ones.
func namesOf(ctx context.Context, i *cluster.Installation, e progress.Execution, phases string, nodes ...string) ([]metav1.PartialObjectMetadata, error) {
	selector := selector(i, e)
	if len(nodes) > 0 {
		jobs := make([]string, 0, len(nodes))
		for _, node := range nodes {
			jobs = append(jobs, jobOf(e, node))
		}
		selector += "," + batchv1.JobNameLabel + " in (" + strings.Join(jobs, ",") + ")"
	}
	pods, err := i.Metadata.Resource(corev1.SchemeGroupVersion.WithResource("pods")).Namespace(i.Namespace).
		List(ctx, metav1.ListOptions{LabelSelector: selector, FieldSelector: phases})
	if err != nil {
		return nil, fmt.Errorf("list the pods of execution %s: %w", e.ID, err)
	}
	return pods.Items, nil
}

// Explained adds the reasons of failed pods.
func Explained(ctx context.Context, i *cluster.Installation, e progress.Execution) (progress.Execution, error) {
	// Pods of unreported nodes have no reason: they succeeded.
	if len(e.Bad) == e.Counts[execution.Unreported] {
		return e, nil
	}
	pods, err := inPhases(ctx, i, e, "status.phase!=Succeeded,status.phase!=Running")
	if err != nil {
		return e, err
	}
	return e.Explained(pods), nil
}
