package steer

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/util/jsonpath"
	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

func TestList(t *testing.T) {
	playAll(t, "list", map[string]play{
		"definitions":                           {args: "list"},
		"definitions of all namespaces":         {args: "list -A"},
		"definitions without headers":           {args: "list --no-headers"},
		"definitions, wide":                     {args: "list -o wide"},
		"definitions as names":                  {args: "list -A -o name"},
		"definitions by a path":                 {args: "list -o jsonpath={.items[*].metadata.name}"},
		"definitions by a template":             {args: "list -o go-template={{len|.items}}"},
		"no definition":                         {args: "list -n empty"},
		"no definition, as JSON":                {args: "list -n empty -o json"},
		"an argument too many":                  {args: "list disk-check"},
		"without the permission":                {args: "list", prepare: func(_ *testing.T, w *world) { w.forbids("list", "nodecronjobs") }},
		"without it for all namespaces":         {args: "list -A", prepare: func(_ *testing.T, w *world) { w.forbids("list", "nodecronjobs") }},
		"executions":                            {args: "executions"},
		"executions, wide":                      {args: "executions -o wide"},
		"executions of a definition":            {args: "executions disk-check"},
		"executions of a definition, as YAML":   {args: "executions dns-check -o yaml"},
		"executions of one that does not exist": {args: "executions disks"},
		"no execution": {args: "executions -A", prepare: func(t *testing.T, w *world) {
			w.api.PrependReactor("list", "executions", func(clienttesting.Action) (bool, runtime.Object, error) { return true, &v1alpha1.ExecutionList{}, nil })
		}},
		"a format that there is not": {args: "executions -o custom-columns=NAME:.metadata.name"},
		"without the permission to watch": {args: "executions dns-check -w", prepare: func(_ *testing.T, w *world) {
			w.api.PrependWatchReactor("executions", func(clienttesting.Action) (bool, watch.Interface, error) {
				return true, nil, apierrors.NewForbidden(v1alpha1.GroupVersion().WithResource("executions").GroupResource(), "", errForbiddenWatch{})
			})
		}},
	})
}

type errForbiddenWatch struct{}

func (errForbiddenWatch) Error() string { return `User "jane" cannot watch resource "executions"` }

// The rows of changes have the columns of those before.
func TestWatch(t *testing.T) {
	t.Setenv("KUBECONFIG", kubeconfig(t))
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx, end := context.WithCancel(t.Context())
		streams, _, out, _ := genericiooptions.NewTestIOStreams()
		done := make(chan int)
		go func() { done <- w.run(ctx, streams, "executions", "dns-check", "--watch") }()
		synctest.Wait()
		w.changes(t, "dns-check-x7k2p", func(e *v1alpha1.Execution) { e.Status.Counts.OK = 11 })
		w.changes(t, "disk-check-20261127034200", func(e *v1alpha1.Execution) { e.Status.Counts.OK = 11 })
		synctest.Wait()
		end()
		if status := <-done; status != 0 {
			t.Errorf("got status %d, want 0", status)
		}
		checkGolden(t, "watch", out.String())
	})
}

func TestAWatchThatTheAPIServerEnds(t *testing.T) {
	tests := map[string]struct {
		events     []watch.Event
		wantStatus int
		wantErr    string
	}{
		"its time is over":      {wantStatus: 0},
		"the version is gone":   {events: []watch.Event{{Type: watch.Error, Object: &metav1.Status{Status: metav1.StatusFailure, Code: 410, Reason: metav1.StatusReasonExpired, Message: "too old resource version"}}}, wantStatus: 4, wantErr: "watch nodecronjobs.batch-job-controller.io: too old resource version"},
		"a bookmark is no news": {events: []watch.Event{{Type: watch.Bookmark, Object: &v1alpha1.NodeCronJob{}}}, wantStatus: 0},
	}
	t.Setenv("KUBECONFIG", kubeconfig(t))
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.api.PrependWatchReactor("nodecronjobs", func(clienttesting.Action) (bool, watch.Interface, error) {
				events := make(chan watch.Event, len(test.events))
				for _, e := range test.events {
					events <- e
				}
				close(events)
				return true, watch.NewProxyWatcher(events), nil
			})
			status, out, errOut := w.command(t.Context(), "", "list", "-w", "-o", "name")
			if status != test.wantStatus || !strings.Contains(errOut, test.wantErr) || strings.Count(out, "\n") != 2 {
				t.Errorf("got status %d, %q and %q", status, out, errOut)
			}
		})
	}
}

// crdColumns are the printer columns of a custom resource definition.
func crdColumns(t *testing.T, file string) (columns []struct {
	Name, Type, JSONPath string
	Priority             int32
}) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "kustomize", "crds", file))
	if err != nil {
		t.Fatal(err)
	}
	var crd struct {
		Spec struct {
			Versions []struct {
				AdditionalPrinterColumns []struct {
					Name, Type, JSONPath string
					Priority             int32
				}
			}
		}
	}
	if err := yaml.Unmarshal(text, &crd); err != nil {
		t.Fatal(err)
	}
	return crd.Spec.Versions[0].AdditionalPrinterColumns
}

// Tables have the columns of kubectl get, which prints those of the custom resource
// definitions.
func TestColumnsAreThoseOfKubectl(t *testing.T) {
	objects := map[string][]runtime.Object{"node-cron-job.yaml": definitionsOfTheWorld()}
	for _, e := range executionsOfTheWorld() {
		objects["execution.yaml"] = append(objects["execution.yaml"], e)
	}
	for file, of := range objects {
		t.Run(file, func(t *testing.T) {
			for _, object := range of {
				table := tableOf(noon, object)
				want := []metav1.TableColumnDefinition{{Name: "Name", Type: "string"}}
				cells := []any{object.(metav1.Object).GetName()}
				for _, c := range crdColumns(t, file) {
					want = append(want, metav1.TableColumnDefinition{Name: c.Name, Type: c.Type, Priority: c.Priority})
					cells = append(cells, cellOf(t, object, c.JSONPath, c.Type))
				}
				if diff := cmp.Diff(want, table.ColumnDefinitions); diff != "" {
					t.Fatalf("columns differ (-kubectl +got):\n%s", diff)
				}
				if diff := cmp.Diff(cells, table.Rows[0].Cells); diff != "" {
					t.Errorf("cells of %s differ (-kubectl +got):\n%s", cells[0], diff)
				}
			}
		})
	}
}

// cellOf is the cell of a column, as the API server computes it.
func cellOf(t *testing.T, object runtime.Object, path, kind string) any {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		t.Fatal(err)
	}
	parsed := jsonpath.New("column").AllowMissingKeys(true)
	if err := parsed.Parse("{" + path + "}"); err != nil {
		t.Fatal(err)
	}
	found, err := parsed.FindResults(content)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 || len(found[0]) == 0 {
		if kind == "boolean" {
			return false // omitted in Go, defaulted by the API server
		}
		return nil
	}
	value := found[0][0].Interface()
	if kind != "date" {
		return value
	}
	var at metav1.Time
	if err := at.UnmarshalQueryParameter(value.(string)); err != nil {
		t.Fatal(err)
	}
	return since(&at, noon)
}

func TestCompletion(t *testing.T) {
	tests := map[string]struct {
		args    []string
		prepare func(*world)
		want    []string
		exclude []string
	}{
		"definitions to run":                   {args: []string{"run", ""}, want: []string{"disk-check\t42 3 * * *", "dns-check\t@hourly"}},
		"definitions that begin so":            {args: []string{"run", "di"}, want: []string{"disk-check"}, exclude: []string{"dns-check"}},
		"definitions of another namespace":     {args: []string{"run", "-n", "other", ""}, want: []string{"etcd-check"}, exclude: []string{"disk-check"}},
		"only one":                             {args: []string{"run", "disk-check", ""}, exclude: []string{"disk-check", "dns-check"}},
		"definitions to suspend":               {args: []string{"suspend", ""}, want: []string{"disk-check"}, exclude: []string{"dns-check"}},
		"definitions to unsuspend":             {args: []string{"unsuspend", ""}, want: []string{"dns-check"}, exclude: []string{"disk-check"}},
		"executions to pause":                  {args: []string{"pause", ""}, want: []string{"dns-check-x7k2p\tOpen, 0 bad"}, exclude: []string{"disk-check", "9wq4d"}},
		"executions to resume":                 {args: []string{"resume", ""}, exclude: []string{"check"}},
		"executions to repeat":                 {args: []string{"rerun", "disk-check-2026112803"}, want: []string{"disk-check-20261128034200\tClosed, 4 bad"}, exclude: []string{"dns-check", "1127"}},
		"definitions whose executions to list": {args: []string{"executions", ""}, want: []string{"disk-check"}},
		"nodes":                                {args: []string{"run", "disk-check", "--nodes", "worker-1,worker-2"}, want: []string{"worker-1,worker-2"}, exclude: []string{"worker-1,worker-3"}},
		"states":                               {args: []string{"rerun", "--states", "Failed,"}, want: []string{"Failed,Lost", "Failed,Skipped"}},
		"formats":                              {args: []string{"list", "-o", ""}, want: []string{"wide", "jsonpath", "yaml", "name"}},
		"dry runs":                             {args: []string{"run", "--dry-run="}, want: []string{"none", "server"}},
		"no names without the permission":      {args: []string{"run", ""}, prepare: func(w *world) { w.forbids("list", "nodecronjobs") }, exclude: []string{"check", "permission"}},
		"no nodes without the permission":      {args: []string{"run", "--nodes", ""}, prepare: func(w *world) { w.forbids("list", "nodes") }, exclude: []string{"worker", "permission"}},
	}
	t.Setenv("KUBECONFIG", kubeconfig(t))
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if test.prepare != nil {
				test.prepare(w)
			}
			var out strings.Builder
			status := w.run(t.Context(), genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: io.Discard}, append([]string{"__complete"}, test.args...)...)
			if status != 0 {
				t.Errorf("got status %d", status)
			}
			for _, want := range test.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q is not in the completion:\n%s", want, out.String())
				}
			}
			for _, not := range test.exclude {
				if strings.Contains(out.String(), not) {
					t.Errorf("%q is in the completion:\n%s", not, out.String())
				}
			}
		})
	}
}
