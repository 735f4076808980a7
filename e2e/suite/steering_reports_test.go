//go:build e2e

package suite

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/e2e/deploy"
)

// TestReportsOfUsers is what users see of their executions: in reports and on their pages, in
// metrics, in events, and with both command lines.
func TestReportsOfUsers(t *testing.T) {
	t.Parallel()
	ctx := scenarioContext(t)
	u := newUsers(t, ctx, "reports")
	controller, err := env.cluster.Attach(ctx, u.admin.namespace, "batch-job-controller")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(controller.Close)
	s := scenario{Controller: controller, namespace: u.admin.namespace}
	u.editor.define(t, ctx, "disk", definition(t, "disk", never, "true"))

	t.Run("why an execution was begun, and who asked, is shown wherever it is", func(t *testing.T) { testReason(t, ctx, u, s) })
	t.Run("a definition that is wrong says so, and holds up no other", func(t *testing.T) { testWrong(t, ctx, u, s) })
	t.Run("an execution over some nodes does not look as if the others were missing", func(t *testing.T) { testPartial(t, ctx, u, s) })
	t.Run("with --cascade=orphan, an open execution ends after its definition was deleted, and its report stays", func(t *testing.T) { testOrphan(t, ctx, u, s) })
}

// testReason looks for the reason of an execution, and for its requester.
func testReason(t *testing.T, ctx context.Context, u users, s scenario) {
	operator := u.operator
	const reason, both = "a new disk", "requested by operator; reason: a new disk"
	name := operator.begin(t, ctx, "run", "disk", "--reason", reason)
	operator.kubectl(t, ctx, "wait", "execution/"+name, "--for=condition=Complete", "--timeout=3m")

	const columns = "operator a new disk" // which are the last ones
	for what, table := range map[string]string{
		"kubectl get":            operator.kubectl(t, ctx, "get", "executions", "-o", "wide"),
		"kubectl batchjob":       operator.run(t, ctx, 0, "executions", "disk", "-o", "wide"),
		"kubectl batchjob, bare": operator.run(t, ctx, 0, "status", name, "-o", "wide"),
	} {
		if row := rowOf(table, name); !strings.HasSuffix(row, columns) {
			t.Errorf("%s: the row is %q, want that it ends with %q", what, row, columns)
		}
	}
	wantText(t, words(operator.kubectl(t, ctx, "describe", "execution", name)), " Reason: "+reason+" ", " Requested By: operator ", both)
	wantText(t, operator.run(t, ctx, 0, "status", name), both)
	operator.waitEventAbout(t, ctx, name, "ExecutionStarted", both)
	report := s.report(t, ctx, execution.ID(operator.of(t, ctx, name, ".status.executionID")))
	if report.Reason != reason || report.RequestedBy != "operator" || report.NodeCronJob != "disk" || report.Execution.Name != name {
		t.Errorf("the report of %s is of %s %s, requested by %q, reason %q", name, report.NodeCronJob, report.Execution.Name, report.RequestedBy, report.Reason)
	}
}

// words returns a text with a single space between its words.
func words(text string) string { return strings.Join(strings.Fields(text), " ") }

// rowOf returns the words of a table's row.
func rowOf(table, name string) string {
	for line := range strings.Lines(table) {
		if row := words(line); strings.HasPrefix(row, name+" ") {
			return row
		}
	}
	return ""
}

// testWrong applies a definition that is wrong beside another one.
func testWrong(t *testing.T, ctx context.Context, u users, s scenario) {
	u.editor.kubectl(t, ctx, "apply", "-f", u.editor.path(t, "wrong.yaml", definition(t, "wrong", "61 * * * *", "true")))
	wantText(t, u.editor.notAccepted(t, ctx, "wrong"), "Invalid", "61")
	u.editor.waitEventAbout(t, ctx, "wrong", "DefinitionNotAccepted", "cronExpression", "61")
	for name, accepted := range map[string]float64{"wrong": 0, "disk": 1} {
		waitMetric(t, ctx, s, "batch_job_controller_nodecronjob_accepted", labels{"nodecronjob": name}, accepted)
	}
	wantText(t, u.operator.run(t, ctx, 0, "run", "disk", "--wait", "--timeout", "3m"), fmt.Sprintf("%d of %d nodes succeeded", len(env.nodes), len(env.nodes)))
}

func waitMetric(t *testing.T, ctx context.Context, s scenario, name string, of labels, want float64) {
	t.Helper()
	within(t, ctx, soon, func() error {
		metrics, err := s.Metrics(ctx)
		if err != nil {
			return err
		}
		return hasValue(metrics, name, of, want)
	})
}

func hasValue(metrics deploy.Metrics, name string, of labels, want float64) error {
	got, err := metrics.Value(name, of)
	if err == nil && got != want {
		err = fmt.Errorf("%s%v: got %v, want %v", name, of, got, want)
	}
	return err
}

// testPartial runs the definition of the ConfigMap, whose reports latest follows, on one node,
// and again on all of them. Its pods send no result.
func testPartial(t *testing.T, ctx context.Context, u users, s scenario) {
	operator := u.operator
	var whole string
	within(t, ctx, soon, func() error {
		names := operator.executionsOf(t, ctx, "demo")
		if len(names) != 1 {
			return fmt.Errorf("there are the executions %v, want the one of the startup", names)
		}
		whole = names[0]
		return isLast(t, ctx, u, s, whole)
	})

	partial := operator.begin(t, ctx, "run", "demo", "--nodes", env.nodes[0])
	wantText(t, operator.run(t, ctx, 1, "wait", partial, "--timeout", "3m"), "0 of 1 nodes succeeded, 1 unreported")
	operator.waitEventAbout(t, ctx, partial, "ExecutionClosed", "1 unreported", "partial")
	waitMetric(t, ctx, s, "batch_job_controller_executions_closed_total", labels{"nodecronjob": "demo", "result": "failed"}, 2)
	stays(t, ctx, 3*time.Second, func() error { return isLast(t, ctx, u, s, whole) })
	report := s.report(t, ctx, execution.ID(operator.of(t, ctx, partial, ".status.executionID")))
	if !report.Partial || len(report.Tasks) != 1 || report.Tasks[0].Node != env.nodes[0] {
		t.Errorf("partial is %t in its report, and the nodes are %+v; want %s only", report.Partial, report.Tasks, env.nodes[0])
	}

	again := operator.begin(t, ctx, "run", "demo")
	operator.run(t, ctx, 1, "wait", again, "--timeout", "3m")
	within(t, ctx, soon, func() error { return isLast(t, ctx, u, s, again) })
}

// isLast returns an error unless an execution of the ConfigMap's definition is the last one over
// all nodes, and each node has its own metrics.
func isLast(t *testing.T, ctx context.Context, u users, s scenario, name string) error {
	t.Helper()
	nodes := len(env.nodes)
	id := execution.ID(u.operator.of(t, ctx, name, ".status.executionID"))
	status := u.operator.kubectl(t, ctx, "get", "ncj", "demo", "-o",
		"jsonpath={.status.lastExecution.name}, {.status.lastExecution.counts.nodes} nodes, {.status.lastExecution.counts.unreported} unreported")
	if want := fmt.Sprintf("%s, %d nodes, %d unreported", name, nodes, nodes); status != want {
		return fmt.Errorf("the last execution is %s, want %s", status, want)
	}
	text, err := s.Report(ctx, "latest", "execution.json")
	if err == nil && !strings.Contains(string(text), string(id)) {
		err = fmt.Errorf("latest is %s, want %s", text, id)
	}
	if err != nil {
		return err
	}
	metrics, err := s.Metrics(ctx)
	if err != nil {
		return err
	}
	demo := labels{"nodecronjob": "demo"}
	for _, err := range []error{
		hasValue(metrics, "demo_pods", labels{}, float64(nodes)),
		hasValue(metrics, "demo_current_execution_id", labels{}, id.Number()),
		hasValue(metrics, "batch_job_controller_last_execution_id", demo, id.Number()),
		hasValue(metrics, "batch_job_controller_last_execution_nodes", labels{"nodecronjob": "demo", "outcome": "unreported"}, float64(nodes)),
	} {
		if err != nil {
			return err
		}
	}
	for _, node := range env.nodes {
		if err := hasValue(metrics, "demo_processing", labels{"node": node, "executionID": "latest"}, 1); err != nil {
			return err
		}
	}
	return nil
}

// testOrphan deletes a definition, and leaves its executions.
func testOrphan(t *testing.T, ctx context.Context, u users, s scenario) {
	editor, operator, nodes := u.editor, u.operator, len(env.nodes)
	editor.define(t, ctx, "slow", definition(t, "slow", never, untilLetGo))
	open := operator.begin(t, ctx, "run", "slow")
	pods := operator.waitPods(t, ctx, open, nodes)
	id := operator.of(t, ctx, open, ".status.executionID")
	waitPage(t, ctx, s, "/"+id+"/", "<p>NodeCronJob slow</p>")
	waitPage(t, ctx, s, "/", "<td>slow</td>")

	editor.kubectl(t, ctx, "delete", "ncj", "slow", "--cascade=orphan")
	editor.letGo(t, ctx, pods)
	wantText(t, operator.run(t, ctx, 0, "wait", open, "--timeout", "3m"), fmt.Sprintf("%d of %d nodes succeeded", nodes, nodes))
	wantText(t, operator.run(t, ctx, 0, "list"), "Gone, but with executions: slow (1).")
	waitPage(t, ctx, s, "/"+id+"/", "<p>NodeCronJob slow (gone)</p>")
	waitPage(t, ctx, s, "/", "<td>slow (gone)</td>")
	if report := s.report(t, ctx, execution.ID(id)); report.Count()[execution.Succeeded] != nodes {
		t.Errorf("the report is %+v, want that %d nodes succeeded", report, nodes)
	}
}

// waitPage waits until a page says something.
func waitPage(t *testing.T, ctx context.Context, s scenario, path, says string) {
	t.Helper()
	within(t, ctx, soon, func() error {
		page, err := s.Get(ctx, deploy.ReportPort, path)
		if err != nil {
			return err
		}
		if !strings.Contains(string(page), says) {
			return fmt.Errorf("page %s does not say %s:\n%s", path, says, page)
		}
		return nil
	})
}
