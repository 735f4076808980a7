package watch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/golden"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/printing"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/resources"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

func sortedKeys[T any](of map[string]T) []string { return slices.Sorted(maps.Keys(of)) }

// inTheEvening runs a test on the evening of the day of its executions. The clock stands
// still: objects that are created after each other are equally old, and so are all ages
// in golden files.
func inTheEvening(t *testing.T, test func(*testing.T)) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 11, 25, 19, 30, 0, 0, time.UTC)))
		test(t)
	})
}

// recordOf opens an execution of a definition with one node, and closes it.
func (a *answers) recordOf(t *testing.T, definition string, id execution.ID, end execution.State) {
	t.Helper()
	store := record.NewStore(a.Custom.Executions("checks"), a.Core.CoreV1().ConfigMaps("checks"), "check")
	var first execution.Indexes
	first.Add(0)
	account := execution.Account{Phase: execution.Closed, ClosedAt: id.Time().Add(time.Minute), Admitted: first, Outcomes: map[execution.Outcome]execution.Indexes{{State: end}: first}}
	p := execution.Plan{ID: id, NodeCronJob: definition, Trigger: execution.Cron, Scheduled: id.Time(), Nodes: []execution.Node{{Name: "worker-1"}}}
	e, err := store.Create(t.Context(), record.NodeCronJob{Name: definition}, execution.Firing{Trigger: p.Trigger, Scheduled: p.Scheduled})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), e, p, record.Next{Account: account, At: id.Time()}); err != nil {
		t.Fatal(err)
	}
}

// With several definitions, status shows the newest execution of each.
func TestStatusOfSeveralDefinitions(t *testing.T) {
	canceled := func(t *testing.T, a *answers) { a.recordOf(t, "dns", "20261125120000", execution.Canceled) }
	tests := map[string]struct {
		name    string
		prepare func(*testing.T, *answers)
	}{
		"all":                 {},
		"one by its ID":       {name: "20261125110000"},
		"one by its name":     {name: "dns-20261125110000"},
		"one of a definition": {name: "dns"},
		"the latest":          {name: "latest"},
		"one that waits": {name: "etcd-1", prepare: func(t *testing.T, a *answers) {
			a.an(t, "checks", "etcd-1", v1alpha1.ExecutionStatus{Phase: v1alpha1.Queued})
		}},
		"one that was rejected":    {name: "etcd-1", prepare: func(t *testing.T, a *answers) { a.an(t, "checks", "etcd-1", rejectedFor(v1alpha1.ReasonNoNodes)) }},
		"one that was canceled":    {name: "dns-20261125120000", prepare: canceled},
		"a canceled one is newest": {prepare: canceled},
		"one that means nothing":   {name: "dusk"},
	}
	var text strings.Builder
	for _, name := range sortedKeys(tests) {
		test := tests[name]
		t.Run(name, func(t *testing.T) {
			inTheEvening(t, func(t *testing.T) {
				a := newAnswers(t)
				a.Deployment.Spec.Selector = controllerSelector
				a.defines(t, "checks", "disk", false)
				a.defines(t, "checks", "dns", false)
				for hour := range 7 {
					a.recordOf(t, "disk", execution.NewID(time.Date(2026, 11, 25, 13+hour, 0, 0, 0, time.UTC)), execution.Succeeded)
				}
				a.recordOf(t, "dns", "20261125110000", execution.Failed)
				a.recordOf(t, "dns", "20261125100000", execution.Succeeded)
				if test.prepare != nil {
					test.prepare(t, a)
				}
				streams, _, out, errOut := genericiooptions.NewTestIOStreams()
				tool := cli.NewTool("kubectl batchjob", streams)
				o := statusOptions{name: test.name}
				err := o.show(t.Context(), tool, a.Installation, true)
				fmt.Fprintf(&text, "## %s\n%s\n", name, written(out, errOut, err))
			})
		})
	}
	golden.Check(t, "status-several", text.String())
}

// The status of executions as their objects have it.
func TestOverview(t *testing.T) {
	tests := map[string]struct {
		args      []string
		namespace string
		nothing   bool
	}{
		"a namespace":                 {namespace: "checks"},
		"all namespaces":              {args: []string{"-A"}},
		"as names":                    {args: []string{"-o", "name"}, namespace: "checks"},
		"wide":                        {args: []string{"-o", "wide"}, namespace: "checks"},
		"a path":                      {args: []string{"-o", "jsonpath={.items[*].metadata.name}"}, namespace: "checks"},
		"one":                         {args: []string{"dns-1", "-o", "jsonpath={.kind} {.status.phase}"}, namespace: "checks"},
		"the current of a definition": {args: []string{"disk", "-o", "name"}, namespace: "checks"},
		"one that was rejected":       {args: []string{"dns-2", "-o", "name"}, namespace: "checks"},
		"none":                        {namespace: "checks", nothing: true},
		"none, as JSON":               {args: []string{"-o", "json"}, namespace: "checks", nothing: true},
		"a name and all namespaces":   {args: []string{"disk", "-A"}},
		"a format that there is not":  {args: []string{"-o", "xml"}, namespace: "checks"},
		"a name that cannot be one":   {args: []string{"a_b"}, namespace: "checks"},
	}
	var text strings.Builder
	for _, name := range sortedKeys(tests) {
		test := tests[name]
		t.Run(name, func(t *testing.T) {
			inTheEvening(t, func(t *testing.T) {
				a := newAnswers(t)
				if !test.nothing {
					a.an(t, "checks", "disk-1", closedWith(3))
					a.an(t, "checks", "disk-2", openWith(2))
					a.an(t, "checks", "dns-1", closedWith(1))
					a.an(t, "checks", "dns-2", rejectedFor(v1alpha1.ReasonNoNodes))
					a.an(t, "other", "etcd-1", v1alpha1.ExecutionStatus{})
				}
				streams, _, out, errOut := genericiooptions.NewTestIOStreams()
				tool := cli.NewTool("kubectl batchjob", streams)
				var o statusOptions
				cmd := &cobra.Command{Use: "status", SilenceErrors: true, SilenceUsage: true}
				cmd.RunE = func(_ *cobra.Command, args []string) error {
					o.name = strings.Join(args, "")
					if err := o.check(); err != nil {
						return err
					}
					client := &resources.Client{Namespace: test.namespace, API: a.Custom, Kube: a.Core}
					return o.overview(t.Context(), tool, client)
				}
				o.output = printing.NewOutput(cmd)
				cmd.Flags().BoolVarP(&o.all, "all-namespaces", "A", false, "")
				cmd.SetArgs(test.args)
				if test.args == nil {
					cmd.SetArgs([]string{})
				}
				err := cmd.ExecuteContext(t.Context())
				fmt.Fprintf(&text, "## %s\n%s\n", name, written(out, errOut, err))
			})
		})
	}
	golden.Check(t, "status-overview", text.String())
}
