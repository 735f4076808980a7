//go:build e2e

package suite

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// The columns of both kinds, as kubectl prints them.
const (
	definitionColumns = "NAME SCHEDULE SUSPEND NODES BAD LAST ACTIVE AGE"
	executionColumns  = "NAME NODECRONJOB TRIGGER PHASE NODES OK BAD RUNNING DURATION AGE"
)

// wantColumns is about the definition disk and its only execution, in which one node was bad.
func (u users) wantColumns(t *testing.T, ctx context.Context, execution string) {
	nodes := len(env.nodes)
	wantTable(t, u.editor.kubectl(t, ctx, "get", "ncj", "disk"), definitionColumns,
		[]string{"disk", never, "false", fmt.Sprint(nodes), "1", "", "", "TIME"})
	own := jobspec.NodeCronJobLabel + "=disk"
	row := []string{execution, "disk", "Manual", "Closed", fmt.Sprint(nodes), fmt.Sprint(nodes - 1), "1", "0", "TIME", "TIME"}
	wantTable(t, u.editor.kubectl(t, ctx, "get", "executions", "-l", own), executionColumns, row)
	wantTable(t, u.operator.kubectl(t, ctx, "get", "ncje", "-l", own, "-o", "wide"), executionColumns+" REQUESTED BY REASON",
		append(row, "operator", "a new disk"))
}

// wantOpenColumns is about an open execution of the definition slow, and ticks of minutely.
func (u users) wantOpenColumns(t *testing.T, ctx context.Context) {
	nodes := fmt.Sprint(len(env.nodes))
	active := u.editor.kubectl(t, ctx, "get", "ncj", "slow", "-o", "jsonpath={.status.activeExecution.name}")
	wantTable(t, u.editor.kubectl(t, ctx, "get", "ncj", "slow"), definitionColumns, []string{"slow", never, "false", "", "", "", active, "TIME"})
	u.editor.kubectl(t, ctx, "wait", "execution/"+active, "--for=jsonpath={.status.counts.running}="+nodes, "--timeout=1m")
	wantTable(t, u.editor.kubectl(t, ctx, "get", "executions", active), executionColumns,
		[]string{active, "slow", "Manual", "Open", nodes, "0", "0", nodes, "TIME", "TIME"})

	got := tableOf(u.editor.kubectl(t, ctx, "get", "ncj", "minutely"))[1]
	got[6] = "" // a tick may have come
	if diff := cmp.Diff([]string{"minutely", "* * * * *", "false", nodes, "0", "TIME", "", "TIME"}, got); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
}

// wantFormats is about the same as wantColumns, on the command line.
func (u users) wantFormats(t *testing.T, ctx context.Context) {
	namespace, nodes := u.operator.namespace, fmt.Sprint(len(env.nodes))
	row := []string{"disk", never, "false", nodes, "1", "", "", "TIME"}
	if got := tableOf(u.operator.run(t, ctx, 0, "list")); !slices.ContainsFunc(got, func(r []string) bool { return slices.Equal(r, row) }) {
		t.Errorf("list: %q is not in %q", row, got)
	}
	all, everywhere := append([]string{namespace}, row...), tableOf(u.admin.run(t, ctx, 0, "list", "-A"))
	if header := strings.Join(everywhere[0], " "); header != "NAMESPACE "+definitionColumns {
		t.Errorf("list -A: the columns are %q", header)
	}
	if !slices.ContainsFunc(everywhere, func(r []string) bool { return slices.Equal(r, all) }) {
		t.Errorf("list -A: %q is not in %q", all, everywhere)
	}
	wantText(t, u.operator.run(t, ctx, 4, "list", "-A"), "forbidden")

	wantText(t, u.operator.run(t, ctx, 0, "executions", "disk", "-o", "wide"), "a new disk", "operator")
	if got := u.operator.run(t, ctx, 0, "executions", "disk", "-o", "jsonpath={.items[*].spec.reason}"); strings.TrimSpace(got) != "a new disk" {
		t.Errorf("the reason by its path: got %q", got)
	}
	var definitions v1alpha1.NodeCronJobList
	if err := json.Unmarshal([]byte(u.operator.run(t, ctx, 0, "list", "-o", "json")), &definitions); err != nil {
		t.Error(err)
	}
	i := slices.IndexFunc(definitions.Items, func(d v1alpha1.NodeCronJob) bool { return d.Name == "disk" })
	if i < 0 || definitions.Items[i].Spec.CronExpression != never || definitions.Items[i].Status.LastExecution == nil {
		t.Errorf("list -o json: got %+v", definitions)
	}
	var executions v1alpha1.ExecutionList
	if err := yaml.Unmarshal([]byte(u.operator.run(t, ctx, 0, "executions", "disk", "-o", "yaml")), &executions); err != nil {
		t.Error(err)
	}
	if n := len(executions.Items); n != 1 || executions.Items[0].Spec.RequestedBy != "operator" || executions.Items[0].Status.Phase != v1alpha1.Closed {
		t.Errorf("executions -o yaml: got %+v", executions)
	}
}
