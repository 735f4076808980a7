package record

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// planOfExecution returns a plan with all fields that the record adds to it.
var update = flag.Bool("update", false, "write the golden files")

func planOfExecution(template string) execution.Plan {
	p := testkit.Plan(template)
	p.NodeCronJob = "check"
	p.Execution = execution.Object{Name: "check-rerun", UID: "5b7d"}
	p.Partial, p.Reason, p.RequestedBy = true, "a disk was replaced", "jane"
	p.Retention = execution.Retention{Reports: 30, Jobs: 3}
	p.Excluded = 4
	return p
}

// incompressible returns a template of which each part holds 900 KiB.
func incompressible(parts int) string {
	r := rand.New(rand.NewPCG(1, 2))
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-"
	text := make([]byte, (parts-1)*partSize*4/3+partSize/2)
	for i := range text {
		text[i] = letters[r.IntN(len(letters))]
	}
	return string(text)
}

// executionOf returns an open Execution and the ConfigMaps of its plan.
func executionOf(t testing.TB, plan execution.Plan) (*v1alpha1.Execution, map[string]*corev1.ConfigMap) {
	t.Helper()
	parts, err := pack(plan)
	testkit.Must(t, err)
	chosen := reference(parts)
	e := &v1alpha1.Execution{
		ObjectMeta: metav1.ObjectMeta{Name: plan.Execution.Name, UID: types.UID(plan.Execution.UID)},
		Spec:       v1alpha1.ExecutionSpec{NodeCronJobName: plan.NodeCronJob},
		Status:     v1alpha1.ExecutionStatus{ExecutionID: v1alpha1.ExecutionID(plan.ID), Plan: &chosen},
	}
	objects := map[string]*corev1.ConfigMap{}
	for _, object := range partObjects("check", plan, parts) {
		objects[object.Name] = object
	}
	return e, objects
}

// The golden file is a plan part on the API server. Its bytes are those of one version of
// compress/gzip: another may write others, and reads these.
func TestAPlanPartOnTheAPIServer(t *testing.T) {
	plan := planOfExecution("kind: Pod")
	e, objects := executionOf(t, plan)
	if len(objects) != 1 {
		t.Fatalf("%d parts, want 1", len(objects))
	}
	written := objects[e.Status.Plan.Parts[0].Name]
	if *update {
		testkit.Golden(t, *update, "planpart.json", written)
	}
	text, err := os.ReadFile("testdata/planpart.json")
	testkit.Must(t, err)
	var stored corev1.ConfigMap
	testkit.Must(t, json.Unmarshal(text, &stored))

	e.Status.Plan.Parts[0] = v1alpha1.PlanPart{Name: stored.Name, Digest: digest(stored.BinaryData[partKey])}
	got, err := planOf(e, map[string]*corev1.ConfigMap{stored.Name: &stored})
	testkit.Must(t, err)
	if diff := cmp.Diff(plan, got); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
	written.Name = strings.Replace(written.Name, written.Labels[jobspec.PlanLabel], stored.Labels[jobspec.PlanLabel], 1)
	written.Labels[jobspec.PlanLabel] = stored.Labels[jobspec.PlanLabel]
	written.BinaryData[partKey] = stored.BinaryData[partKey]
	if diff := cmp.Diff(&stored, written); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
}

// The golden file is the plan itself.
func TestThePlanInAPart(t *testing.T) {
	testkit.Golden(t, *update, "plan.json", planOfExecution("kind: Pod"))
}

func TestAPlanOfSeveralParts(t *testing.T) {
	plan := planOfExecution(incompressible(3))
	e, objects := executionOf(t, plan)
	if len(objects) != 3 {
		t.Fatalf("%d parts, want 3", len(objects))
	}
	for i, part := range e.Status.Plan.Parts {
		object := objects[part.Name]
		if want := fmt.Sprintf("check-%s-%s-%d", plan.ID, planHash(*e.Status.Plan), i); part.Name != want {
			t.Errorf("part %d is %s, want %s", i, part.Name, want)
		}
		if object.Labels[jobspec.PlanLabel] != planHash(*e.Status.Plan) || object.Immutable == nil || !*object.Immutable {
			t.Errorf("part %d: labels %v, immutable %v", i, object.Labels, object.Immutable)
		}
	}
	got, err := planOf(e, objects)
	testkit.Must(t, err)
	if diff := cmp.Diff(plan, got); diff != "" {
		t.Errorf("(-want +got):\n%.2000s", diff)
	}
}

// Two leaders that freeze the same plan write the same parts; others do not collide.
func TestPartsAreNamedByTheirContent(t *testing.T) {
	plan := planOfExecution("kind: Pod")
	names := map[string]string{}
	for name, change := range map[string]func(*execution.Plan){
		"the plan":            func(*execution.Plan) {},
		"another order":       func(p *execution.Plan) { p.Nodes[0], p.Nodes[1] = p.Nodes[1], p.Nodes[0] },
		"a node less":         func(p *execution.Plan) { p.Nodes = p.Nodes[:2] },
		"another pool":        func(p *execution.Plan) { p.Settings.PodPoolSize++ },
		"of another object":   func(p *execution.Plan) { p.Execution.UID = "6c8e" },
		"another execution":   func(p *execution.Plan) { p.ID = p.ID.Next() },
		"another NodeCronJob": func(p *execution.Plan) { p.NodeCronJob = "check-2" },
	} {
		p := planOfExecution("kind: Pod")
		change(&p)
		parts, err := pack(p)
		testkit.Must(t, err)
		again, err := pack(p)
		testkit.Must(t, err)
		if diff := cmp.Diff(parts, again); diff != "" {
			t.Errorf("%s: packed again (-want +got):\n%s", name, diff)
		}
		if other, ok := names[parts[0].Name]; ok {
			t.Errorf("%s and %s are both %s", name, other, parts[0].Name)
		}
		names[parts[0].Name] = name
	}
	plan.NodeCronJob = strings.Repeat("n", 63)
	parts, err := pack(plan)
	testkit.Must(t, err)
	for _, message := range validation.IsDNS1123Subdomain(parts[0].Name) {
		t.Errorf("%s: %s", parts[0].Name, message)
	}
	for _, object := range partObjects("check", plan, parts) {
		for label, value := range object.Labels {
			for _, message := range append(validation.IsQualifiedName(label), validation.IsValidLabelValue(value)...) {
				t.Errorf("%s=%s: %s", label, value, message)
			}
		}
	}
}

func TestAPlanThatCannotBeReadBackIsNotPacked(t *testing.T) {
	tests := map[string]struct {
		change func(*execution.Plan)
		want   string
	}{
		"no definition":  {func(p *execution.Plan) { p.NodeCronJob = "" }, "nodeCronJob and execution: must be set"},
		"no object":      {func(p *execution.Plan) { p.Execution = execution.Object{} }, "nodeCronJob and execution: must be set"},
		"too many nodes": {func(p *execution.Plan) { p.Nodes = make([]execution.Node, execution.MaxIndex+1) }, "at most 1048576 nodes"},
		"too many bytes": {func(p *execution.Plan) { p.Settings.PodTemplate = strings.Repeat("x", maxPlan) }, "67108864 bytes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			plan := planOfExecution("kind: Pod")
			tt.change(&plan)
			if _, err := pack(plan); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), string(plan.ID)) {
				t.Errorf("got %v, want an error with %q and the ID", err, tt.want)
			}
		})
	}
}

func TestThePlanOf50000NodesFitsIntoParts(t *testing.T) {
	plan := planOfExecution("kind: Pod")
	plan.Nodes = nil
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 50_000 {
		plan.Nodes = append(plan.Nodes, execution.Node{
			Name:   fmt.Sprintf("ip-10-%d-%d-%d.eu-central-1.compute.internal", i>>16, i>>8&255, i&255),
			UID:    fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), r.IntN(1<<12), r.Int64N(1<<48)),
			Taints: []execution.Taint{{Key: "example.com/dedicated", Value: fmt.Sprintf("team-%d", r.IntN(1000)), Effect: "NoSchedule"}},
		})
	}
	e, objects := executionOf(t, plan)
	if n := len(e.Status.Plan.Parts); n < 2 || n > 4 {
		t.Errorf("%d parts, want 2 to 4", n)
	}
	for name, object := range objects {
		if size := len(object.BinaryData[partKey]); size > 900<<10 {
			t.Errorf("%s has %d bytes, want at most 900 KiB", name, size)
		}
	}
	got, err := planOf(e, objects)
	testkit.Must(t, err)
	if diff := cmp.Diff(plan, got); diff != "" {
		t.Errorf("(-want +got):\n%.2000s", diff)
	}
}
