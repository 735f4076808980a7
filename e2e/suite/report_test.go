//go:build e2e

package suite

import (
	"context"
	"encoding/json"
	"testing"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// report returns the report of an execution.
func (s scenario) report(t *testing.T, ctx context.Context, id execution.ID) execution.Report {
	t.Helper()
	var report execution.Report
	if err := json.Unmarshal([]byte(s.uploaded(t, ctx, id, "execution.json")), &report); err != nil {
		t.Fatal(err)
	}
	return report
}

// taskReport returns a node's entry in the execution's report.
func (s scenario) taskReport(t *testing.T, ctx context.Context, id execution.ID, node string) execution.TaskReport {
	t.Helper()
	for _, task := range s.report(t, ctx, id).Tasks {
		if task.Node == node {
			return task
		}
	}
	t.Fatalf("the report has no node %s", node)
	return execution.TaskReport{}
}

// jobOf returns the Job of a node.
func (s scenario) jobOf(t *testing.T, ctx context.Context, id execution.ID, node string) batchv1.Job {
	t.Helper()
	jobs, err := s.Jobs(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	for _, job := range jobs {
		if job.Annotations[jobspec.NodeAnnotation] == node {
			return job
		}
	}
	t.Fatalf("node %s has no Job", node)
	return batchv1.Job{}
}
