package printing

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/util/jsonpath"
	"sigs.k8s.io/yaml"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) metav1.Time { return metav1.NewTime(noon.Add(-d)) }

// definition has a value of its own in each column.
func definition() *v1alpha1.NodeCronJob {
	last := ago(8 * time.Hour)
	return &v1alpha1.NodeCronJob{
		ObjectMeta: metav1.ObjectMeta{Namespace: "checks", Name: "disk-check", CreationTimestamp: ago(30 * 24 * time.Hour)},
		Spec:       v1alpha1.NodeCronJobSpec{CronExpression: "42 3 * * *", Suspend: true},
		Status: v1alpha1.NodeCronJobStatus{
			LastScheduleTime: &last, ActiveExecution: &v1alpha1.ExecutionReference{Name: "disk-check-x7k2p"},
			LastExecution: &v1alpha1.LastExecution{Counts: v1alpha1.NodeCounts{Nodes: 12, OK: 7, Bad: 4, Failed: 3, Lost: 1, Skipped: 2}},
		},
	}
}

// execution has a value of its own in each column.
func execution() *v1alpha1.Execution {
	return &v1alpha1.Execution{
		ObjectMeta: metav1.ObjectMeta{Namespace: "checks", Name: "dns-check-x7k2p", CreationTimestamp: ago(6 * time.Minute)},
		Spec:       v1alpha1.ExecutionSpec{NodeCronJobName: "dns-check", Trigger: v1alpha1.ManualTrigger, RequestedBy: "bob@example.com", Reason: "new resolver"},
		Status: v1alpha1.ExecutionStatus{
			Phase: v1alpha1.Open, Duration: v1alpha1.NewDuration(5 * time.Minute),
			Counts: &v1alpha1.NodeCounts{Nodes: 12, OK: 4, Bad: 2, Failed: 2, Pending: 1, Running: 3, Skipped: 5},
		},
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
	objects := map[string][]runtime.Object{
		"node-cron-job.yaml": {&v1alpha1.NodeCronJob{Spec: v1alpha1.NodeCronJobSpec{CronExpression: "@daily"}}, definition()},
		"execution.yaml":     {&v1alpha1.Execution{Spec: v1alpha1.ExecutionSpec{NodeCronJobName: "dns-check"}}, execution()},
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
