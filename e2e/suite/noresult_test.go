//go:build e2e

package suite

import (
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

// TestWithoutResults runs a job that sends only files, such as support archives.
func TestWithoutResults(t *testing.T) {
	t.Parallel()
	ctx := scenarioContext(t)
	s := begin(t, ctx, deploy.Overlay{
		Namespace: newNamespace(t, "without-results"),
		Config: configuration(t, "without-results", object{
			"metrics": object{"prefix": "archive"},
		}),
		PodTemplate: podTemplate(`uname -a >/tmp/archive.txt
curl -fsS --retry 5 --retry-connrefused --data-binary @/tmp/archive.txt "$CALLBACK_SERVICE_FILE_URL?name=archive.txt"`),
		Service: "callback",
	})
	e, err := s.WaitForExecution(ctx, deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range env.nodes {
		wantOutcome(t, e, node, execution.Succeeded, "")
		line := s.taskReport(t, ctx, e.ID, node)
		if line.Bad() || line.Reported || !line.Heard {
			t.Errorf("node %s: bad %t, reported %t, heard %t; want heard, and not bad", node, line.Bad(), line.Reported, line.Heard)
		}
	}
	metrics, err := s.Metrics(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for outcome, want := range map[string]int{"succeeded": len(env.nodes), "unreported": 0, "failed": 0} {
		got, err := metrics.Value("batch_job_controller_last_execution_nodes", map[string]string{"nodecronjob": s.Name, "outcome": outcome})
		if err != nil || got != float64(want) {
			t.Errorf("nodes that are %s: got %v, %v, want %d", outcome, got, err, want)
		}
	}
	if closed, err := metrics.Value("batch_job_controller_executions_closed_total", map[string]string{"nodecronjob": s.Name, "result": "succeeded"}); err != nil || closed != 1 {
		t.Errorf("executions that succeeded: got %v, %v, want 1", closed, err)
	}
	for _, sample := range metrics.Samples("archive_processing", nil) {
		if sample.Value != 0 {
			t.Errorf("archive_processing%v is %v, want 0", sample.Labels, sample.Value)
		}
	}
}
