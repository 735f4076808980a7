//go:build e2e

package suite

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

// maxIdleMemory bounds the memory of an idle controller.
const maxIdleMemory = 64 << 20

// TestCron runs two ticks of the cron expression on one node, with a history of one.
func TestCron(t *testing.T) {
	t.Parallel()
	ctx := scenarioContext(t)
	s := begin(t, ctx, deploy.Overlay{
		Namespace: newNamespace(t, "cron"),
		Config: configuration(t, "cron", object{
			"cronExpression":  "* * * * *",
			"jobNodeSelector": object{corev1.LabelHostname: hostname(t, ctx, env.nodes[0])},
			"reportHistory":   1,
			"runOnStartup":    nil,
			"startupDelay":    nil,
		}),
		PodTemplate: podTemplate(reportScript),
		Service:     "callback",
	})
	t.Run("idle it takes at most 64 MiB", func(t *testing.T) { testIdleMemory(t, ctx, s) })

	first, err := s.WaitForExecution(ctx, deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("cronExpression triggers an execution on the minute", func(t *testing.T) {
		if first.Trigger != execution.Cron || first.Scheduled.Second() != 0 {
			t.Errorf("got trigger %s at %s", first.Trigger, first.Scheduled)
		}
	})
	t.Run("jobNodeSelector leaves other nodes out", func(t *testing.T) {
		if len(first.Nodes) != 1 || first.Nodes[0].Name != env.nodes[0] || len(first.Skipped) > 0 {
			t.Errorf("got nodes %v, skipped %v, want %s alone", first.Nodes, first.Skipped, env.nodes[0])
		}
	})
	t.Run("runOnStartup is off if it is not set", func(t *testing.T) {
		all, err := s.Executions(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range all {
			if e.Trigger != execution.Cron {
				t.Errorf("execution %s: got trigger %s", e.ID, e.Trigger)
			}
		}
	})
	t.Run("latestMetricsLabel is off if it is not set", func(t *testing.T) { testNoLatest(t, ctx, s, first) })
	t.Run("savePodLog is off if it is not set", func(t *testing.T) {
		wantStatus(t, ctx, s, first.ID, env.nodes[0]+"-container-job.log", http.StatusNotFound)
	})
	t.Run("jobServiceAccount is the default one if it is not set", func(t *testing.T) {
		pods, err := s.JobPods(ctx, first.ID)
		if err != nil {
			t.Fatal(err)
		}
		for node, pod := range pods {
			if pod.Spec.ServiceAccountName != "default" {
				t.Errorf("node %s: got %s", node, pod.Spec.ServiceAccountName)
			}
		}
	})

	second, err := s.WaitForExecution(ctx, deploy.IsAfter(first.ID), deploy.IsClosed)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("reportHistory drops the execution before", func(t *testing.T) { testDropped(t, ctx, s, first) })
	t.Run("reportHistory keeps the newest one", func(t *testing.T) {
		wantStatus(t, ctx, s, second.ID, env.nodes[0]+".json", http.StatusOK)
		wantStatus(t, ctx, s, "latest", env.nodes[0]+".json", http.StatusOK)
	})
}

// hostname returns the label by which a single node can be selected.
func hostname(t *testing.T, ctx context.Context, node string) string {
	t.Helper()
	current, err := env.cluster.CoreV1().Nodes().Get(ctx, node, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return current.Labels[corev1.LabelHostname]
}

func testIdleMemory(t *testing.T, ctx context.Context, s scenario) {
	eventually(t, ctx, func() error {
		metrics, err := s.Metrics(ctx)
		if err != nil {
			return err
		}
		leads, err := metrics.Value("batch_job_controller_leader", labels{})
		if err != nil || leads != 1 {
			return fmt.Errorf("it does not lead yet: %w", err)
		}
		bytes, err := metrics.Value("process_resident_memory_bytes", labels{})
		if err == nil {
			t.Logf("the controller uses %.1f MiB", bytes/(1<<20))
		}
		if bytes > maxIdleMemory {
			t.Errorf("got %.0f bytes, want at most %d", bytes, maxIdleMemory)
		}
		return err
	})
}

func testNoLatest(t *testing.T, ctx context.Context, s scenario, e deploy.Execution) {
	metrics, err := s.Metrics(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(metrics.Samples("e2e_test", labels{"executionID": string(e.ID)})) == 0 {
		t.Errorf("execution %s has no metrics", e.ID)
	}
	for _, name := range metrics.Names() {
		for _, sample := range metrics.Samples(name, labels{"executionID": "latest"}) {
			t.Errorf("got %s%v", name, sample.Labels)
		}
	}
}

// testDropped checks that nothing is left of an execution.
func testDropped(t *testing.T, ctx context.Context, s scenario, e deploy.Execution) {
	eventually(t, ctx, func() error {
		all, err := s.Executions(ctx)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(all, func(other deploy.Execution) bool { return other.ID == e.ID }) {
			return fmt.Errorf("the Execution %s is still there", e.Record.Name)
		}
		jobs, err := s.Jobs(ctx, e.ID)
		if err != nil || len(jobs) > 0 {
			return fmt.Errorf("there are %d Jobs of execution %s: %w", len(jobs), e.ID, err)
		}
		return nil
	})
	wantStatus(t, ctx, s, e.ID, env.nodes[0]+".json", http.StatusNotFound)
	metrics, err := s.Metrics(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range metrics.Names() {
		for _, sample := range metrics.Samples(name, labels{"executionID": string(e.ID)}) {
			t.Errorf("%s%v still exists", name, sample.Labels)
		}
	}
}

func wantStatus(t *testing.T, ctx context.Context, s scenario, id execution.ID, file string, want int) {
	t.Helper()
	response, body, err := s.Do(ctx, http.MethodGet, deploy.ReportPort, "/"+string(id)+"/"+file, nil)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != want {
		t.Errorf("%s/%s: got status %d, want %d: %.200s", id, file, response.StatusCode, want, body)
	}
}
