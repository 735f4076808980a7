package watch

import (
	"errors"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/golden"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// An unreadable record has its own row, and does not hide others.
func TestStatusBesideUnreadableRecords(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	const first, second, third, later, odd execution.ID = "20261125080000", "20261125090000", "20261125100000", "20261125110000", "20261125070000"
	tests := map[string]struct {
		id         execution.ID
		without    execution.ID // this record
		golden     string
		wantStatus int
		wantErr    string
	}{
		"the newest cannot be read":    {golden: "status-unreadable", wantStatus: cli.ExitNotDone},
		"one that can be read, by ID":  {id: third, golden: "status-unreadable"},
		"one that cannot be, by ID":    {id: second, golden: "status-unreadable", wantStatus: cli.ExitNotDone},
		"the newest can be read":       {without: later, golden: "status-unreadable-before"},
		"one that there is not, by ID": {id: "20261125080001", wantStatus: cli.ExitNotDone, wantErr: "execution 20261125080001 has no record"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := newAnswers(t)
			a.record(t, first, execution.Closed)
			a.edit(t, a.record(t, second, execution.Closed), withoutPlan)
			a.record(t, third, execution.Closed)
			if test.without != later {
				a.edit(t, a.record(t, later, execution.Open), func(e *v1alpha1.Execution) { e.Status.Account.Schema = 99 })
			}
			a.edit(t, a.record(t, odd, execution.Open), func(e *v1alpha1.Execution) { e.Status.ExecutionID = "yesterday" })
			executions, err := selectExecutions(t.Context(), a.Installation, selection{id: test.id})
			if err == nil {
				golden.Check(t, test.golden, executionsTable(executions, false, now)+unreadableText(executions))
				err = exitStatusOfAll(shownExecutions(executions, selection{id: test.id}))
			}
			var status *cli.StatusError
			got, text := cli.ExitOK, ""
			if errors.As(err, &status) {
				got = status.Status
				if status.Err != nil {
					text = status.Err.Error()
				}
			}
			if got != test.wantStatus || !strings.Contains(text, test.wantErr) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// If there are more executions than rows, the oldest are omitted.
func TestNewestRecords(t *testing.T) {
	var records []cluster.RecordName
	for _, odd := range []string{"a", "b"} {
		records = append(records, cluster.RecordName{Name: odd})
	}
	for hour := range 7 {
		records = append(records, cluster.RecordName{ID: execution.NewID(time.Date(2026, 11, 25, hour, 0, 0, 0, time.UTC))})
	}
	got := newestOf(records)
	if len(got) != 7 || got[0].Name != "a" || got[1].Name != "b" || got[2].ID != "20261125020000" || got[6].ID != "20261125060000" {
		t.Errorf("got %v", got)
	}
	if got := newestOf(records[:1]); len(got) != 1 {
		t.Errorf("got %v", got)
	}
	if got := newestOf(nil); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

// status reads no pods of an execution with an unreadable record, and gives no advice.
func TestAfterAnUnreadableExecution(t *testing.T) {
	a := newAnswers(t)
	if text := afterExecution("kubectl batchjob", a.Installation, nil, progress.Execution{Unreadable: "damaged"}); text != "" {
		t.Errorf("got %q", text)
	}
}

// The texts that a user reads.
func TestTexts(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	const program = "kubectl batchjob"
	deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "checks"}}
	found := &cluster.Installation{Deployment: deployment, Namespace: deployment.Namespace, Config: config.Config{Definition: config.Definition{Metrics: config.Metrics{Prefix: "disks"}}}}
	found.Deployment.Name = "batch-job-controller"
	services := []corev1.Service{{ObjectMeta: metav1.ObjectMeta{Name: "batch-job-controller"}, Spec: corev1.ServiceSpec{
		Selector: map[string]string{"app": "controller"}, Ports: []corev1.ServicePort{{Port: 8080}, {Port: 9153}},
	}}}
	deployment.Spec.Template.Labels = services[0].Spec.Selector
	cron := config.Config{Controller: config.Controller{Name: "disk-check"}, Definition: config.Definition{CronExpression: "42 3 * * *", TimeZone: "Europe/Zurich"}}
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
		ID: "20261125115900", Trigger: execution.Startup, Scheduled: now.Add(-time.Minute), Phase: execution.Open, Record: "disk-check-20261125115900",
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
	partial := narrowed
	partial.Trigger, partial.Partial, partial.RequestedBy, partial.Reason, partial.Excluded = execution.Manual, true, "jane@example.com", "a new disk", 1
	texts := map[string]string{
		"execution-narrowed":   executionText(narrowed),
		"execution-partial":    executionText(partial),
		"executions":           executionsTable([]progress.Execution{good, silent, failed, open}, false, now),
		"execution-failed":     executionText(failed) + afterExecution(program, found, services, failed),
		"execution-unreported": executionText(silent) + afterExecution(program, found, services, silent),
		"execution-good":       executionText(good) + afterExecution(program, found, services, good),
		"execution-open":       nodesTable(open) + afterExecution(program, found, services, open),
		"schedule": scheduleText(cron, time.Time{}, now) + "\n" +
			scheduleText(cron, now.Add(-time.Hour), now) + "\n" + scheduleText(cron, now.Add(72*time.Hour), now) + "\n",
		"inventory": inventoryText(nil) + "\n" + inventoryText(&objects.Inventory{Overlay: "demo", Version: "v1"}) + "\n" +
			inventoryText(&objects.Inventory{Overlay: "demo", Version: "v1", Components: []string{"ha", "tls"}}) + "\n",
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) { golden.Check(t, name, text) })
	}
}
