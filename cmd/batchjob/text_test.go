package batchjob

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestMain(m *testing.M) {
	flag.Bool("update", false, "rewrite the golden files")
	os.Exit(m.Run())
}

func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	golden := filepath.Join("testdata", name+".golden.txt")
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("differs from %s, which -update rewrites (-want +got):\n%s", golden, diff)
	}
}

// What people read.
func TestTexts(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	tool := &tool{name: "kubectl batchjob"}
	deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "checks"}}
	found := &installation{deployment: deployment, namespace: deployment.Namespace, config: config.Config{Metrics: config.Metrics{Prefix: "disks"}}}
	found.deployment.Name = "batch-job-controller"
	services := []corev1.Service{{ObjectMeta: metav1.ObjectMeta{Name: "batch-job-controller"}, Spec: corev1.ServiceSpec{
		Selector: map[string]string{"app": "controller"}, Ports: []corev1.ServicePort{{Port: 8080}, {Port: 9153}},
	}}}
	deployment.Spec.Template.Labels = services[0].Spec.Selector
	cron := config.Config{Name: "disk-check", CronExpression: "42 3 * * *", TimeZone: "Europe/Zurich"}
	startup := config.Config{Name: "demo", RunOnStartup: true, StartupDelay: 10 * time.Second, CronExpression: "30 * * * *"}
	env := config.Env{Namespace: "checks"}
	losing := deployment.DeepCopy()
	losing.Spec.Template.Spec.Volumes = []corev1.Volume{{Name: "reports", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
	failed := progress.Execution{
		ID: "20261125110000", Trigger: execution.Cron, Scheduled: now.Add(-time.Hour), ClosedAt: now.Add(-57 * time.Minute), Phase: execution.Closed,
		Nodes: 4, Counts: execution.Counts{execution.Succeeded: 2, execution.Failed: 1, execution.Lost: 1, execution.Skipped: 1},
		Bad:     []progress.Node{{Name: "node-1", State: execution.Failed, Reason: "OOMKilled"}, {Name: "node-2", State: execution.Lost, Reason: "JobDeleted"}},
		Skipped: []progress.Node{{Name: "node-9", State: execution.Skipped, Reason: "NodeNotReady"}},
	}
	silent := progress.Execution{
		ID: "20261125100000", Trigger: execution.Cron, Scheduled: now.Add(-2 * time.Hour), ClosedAt: now.Add(-119 * time.Minute), Phase: execution.Closed,
		Nodes: 3, Counts: execution.Counts{execution.Succeeded: 2, execution.Unreported: 1},
		Bad: []progress.Node{{Name: "node-1", State: execution.Unreported, Reason: "succeeded without a result"}},
	}
	open := progress.Execution{
		ID: "20261125115900", Trigger: execution.Startup, Scheduled: now.Add(-time.Minute), Phase: execution.Open,
		Nodes: 12, Counts: execution.Counts{execution.Succeeded: 1}, Running: 10, Pending: 1,
		Stuck: []progress.Node{{Name: "node-3", State: execution.Pending, Reason: "container check: ErrImagePull: no such tag"}},
		Long:  []progress.Node{{Name: "node-4", State: execution.Running, Reason: "container proxy still runs, since 11:59:00 UTC; check exited with code 0"}},
	}
	good := progress.Execution{
		ID: "20261124034200", Trigger: execution.Cron, Scheduled: now.Add(-33 * time.Hour), ClosedAt: now.Add(-33*time.Hour + 500*time.Millisecond),
		Phase: execution.Closed, Nodes: 3, Counts: execution.Counts{execution.Succeeded: 3},
	}
	narrowed := good
	narrowed.Excluded = 30
	texts := map[string]string{
		"execution-narrowed":        executionText(narrowed),
		"executions":                executionsTable([]progress.Execution{good, silent, failed, open}, now),
		"execution-failed":          executionText(failed) + tool.afterExecution(found, services, failed),
		"execution-unreported":      executionText(silent) + tool.afterExecution(found, services, silent),
		"execution-good":            executionText(good) + tool.afterExecution(found, services, good),
		"execution-open":            nodesTable(open) + tool.afterExecution(found, services, open),
		"installed-with-schedule":   tool.afterInstall(rendered{deployment: deployment, env: env, config: cron}, installed{changed: true, started: true}, now),
		"installed-with-startup":    tool.afterInstall(rendered{deployment: deployment, env: env, config: startup}, installed{changed: true, started: true, hasRecord: true}, now),
		"installed-without-a-start": tool.afterInstall(rendered{deployment: deployment, env: env, config: startup}, installed{changed: true, hasRecord: true}, now),
		"installed-unchanged":       tool.afterInstall(rendered{deployment: deployment, env: env, config: startup}, installed{hasRecord: true}, now),
		"installed-while-open":      tool.afterInstall(rendered{deployment: losing, env: env, config: startup}, installed{changed: true, started: true, hasRecord: true, open: "20261125115900"}, now),
		"schedule": scheduleText(cron, time.Time{}, now) + "\n" +
			scheduleText(cron, now.Add(-time.Hour), now) + "\n" + scheduleText(cron, now.Add(72*time.Hour), now) + "\n",
		"inventory": inventoryText(nil) + "\n" + inventoryText(&objects.Inventory{Overlay: "demo", Version: "v1"}) + "\n" +
			inventoryText(&objects.Inventory{Overlay: "demo", Version: "v1", Components: []string{"ha", "tls"}}) + "\n",
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) { checkGolden(t, name, text) })
	}
}
