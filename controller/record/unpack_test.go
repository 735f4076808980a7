package record

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// damagedPlan is an Execution whose plan has three parts.
type damagedPlan struct {
	e       *v1alpha1.Execution
	objects map[string]*corev1.ConfigMap
}

func (d damagedPlan) part(i int) *corev1.ConfigMap { return d.objects[d.e.Status.Plan.Parts[i].Name] }

// renamed gives the listed parts the names of a plan that has them.
func (d damagedPlan) renamed() {
	parts := make([]Part, len(d.e.Status.Plan.Parts))
	for i, part := range d.e.Status.Plan.Parts {
		parts[i] = Part{PlanPart: part, Data: d.objects[part.Name].BinaryData[partKey]}
	}
	plan := execution.Plan{NodeCronJob: d.e.Spec.NodeCronJobName, ID: execution.ID(d.e.Status.ExecutionID)}
	plan.Execution = execution.Object{Name: d.e.Name, UID: string(d.e.UID)}
	d.e.Status.Plan.Parts = nil
	for i, object := range partObjects("check", plan, named(plan, parts)) {
		d.objects[object.Name] = object
		d.e.Status.Plan.Parts = append(d.e.Status.Plan.Parts, v1alpha1.PlanPart{Name: object.Name, Digest: parts[i].Digest})
	}
}

func TestOnlyThePlanOfAnExecutionIsRead(t *testing.T) {
	e, objects := executionOf(t, planOfExecution(incompressible(3)))
	_, others := executionOf(t, planOfExecution("kind: Job"))
	tests := map[string]struct {
		damage func(damagedPlan)
		want   string
	}{
		"no plan":                      {func(d damagedPlan) { d.e.Status.Plan = nil }, "status.plan: is missing"},
		"no parts":                     {func(d damagedPlan) { d.e.Status.Plan.Parts = nil }, "status.plan: is missing"},
		"a part is missing":            {func(d damagedPlan) { delete(d.objects, d.e.Status.Plan.Parts[1].Name) }, "-1: is missing"},
		"a part is empty":              {func(d damagedPlan) { d.part(1).BinaryData = nil }, "-1: plan.json.gz has the digest sha256:e3b0c44298fc"},
		"a part is cut":                {func(d damagedPlan) { d.part(2).BinaryData[partKey] = d.part(2).BinaryData[partKey][:9] }, "-2: plan.json.gz has the digest"},
		"a byte of a part has changed": {func(d damagedPlan) { d.part(0).BinaryData[partKey][99]++ }, "-0: plan.json.gz has the digest"},
		"two parts have changed places": {func(d damagedPlan) {
			d.part(0).BinaryData, d.part(1).BinaryData = d.part(1).BinaryData, d.part(0).BinaryData
		}, "-0: plan.json.gz has the digest"},
		"a part of another Execution": {func(d damagedPlan) { d.part(1).OwnerReferences[0].UID = "6c8e" }, "-1: must have the Execution with UID 5b7d"},
		"a part without an owner":     {func(d damagedPlan) { d.part(1).OwnerReferences = nil }, "-1: must have the Execution with UID 5b7d"},
		"a part of another plan": {func(d damagedPlan) {
			for name, object := range others {
				d.objects[name] = object
				d.e.Status.Plan.Parts[1] = v1alpha1.PlanPart{Name: name, Digest: digest(object.BinaryData[partKey])}
			}
		}, "status.plan.parts[0]"},
		"a part is listed twice": {func(d damagedPlan) { d.e.Status.Plan.Parts[1] = d.e.Status.Plan.Parts[0] }, "status.plan.parts[0]"},
		"the last is not listed": {func(d damagedPlan) { d.e.Status.Plan.Parts = d.e.Status.Plan.Parts[:2] }, "status.plan.parts[0]"},
		"another order":          {func(d damagedPlan) { slices.Reverse(d.e.Status.Plan.Parts) }, "status.plan.parts[0]"},
		"another digest": {func(d damagedPlan) {
			d.e.Status.Plan.Parts[2].Digest = "sha256:" + strings.Repeat("0", 64)
		}, "status.plan.parts[0]"},
		"a plan in another order":       {func(d damagedPlan) { slices.Reverse(d.e.Status.Plan.Parts); d.renamed() }, "gzip: invalid header"},
		"a plan with a part twice":      {func(d damagedPlan) { d.e.Status.Plan.Parts[1] = d.e.Status.Plan.Parts[0]; d.renamed() }, "plan "},
		"a plan without its end":        {func(d damagedPlan) { d.e.Status.Plan.Parts = d.e.Status.Plan.Parts[:2]; d.renamed() }, "unexpected EOF"},
		"a plan of another ID":          {func(d damagedPlan) { d.e.Status.ExecutionID = "20261124034201"; d.renamed() }, "belongs to execution 20261124034200: must belong to 20261124034201"},
		"a plan of another UID":         {func(d damagedPlan) { d.e.UID = "6c8e"; d.renamed() }, `with UID "5b7d": must belong to check-rerun with UID 6c8e`},
		"a plan of another name":        {func(d damagedPlan) { d.e.Name = "check-again"; d.renamed() }, `the Execution "check-rerun"`},
		"a plan of another NodeCronJob": {func(d damagedPlan) { d.e.Spec.NodeCronJobName = "disks"; d.renamed() }, `the NodeCronJob "check": must belong to disks`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := damagedPlan{e: e.DeepCopy(), objects: map[string]*corev1.ConfigMap{}}
			for name, object := range objects {
				d.objects[name] = object.DeepCopy()
			}
			tt.damage(d)
			if _, err := planOf(d.e, d.objects); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func zipped(t testing.TB, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write([]byte(text))
	testkit.Must(t, err)
	testkit.Must(t, w.Close())
	return out.Bytes()
}

func TestUnpackRefuses(t *testing.T) {
	whole := zipped(t, `{"id":"20261124034200"}`)
	tests := map[string]struct {
		stream []byte
		want   string
	}{
		"nothing":                         {nil, "EOF"},
		"no gzip":                         {[]byte("a plan of ten bytes"), "invalid header"},
		"a stream without its checksum":   {whole[:len(whole)-8], "unexpected EOF"},
		"a stream with a wrong checksum":  {slices.Concat(whole[:len(whole)-8], make([]byte, 8)), "invalid checksum"},
		"bytes after the stream":          {slices.Concat(whole, []byte("x")), "EOF"},
		"two plans":                       {slices.Concat(whole, whole), "invalid character"},
		"no JSON":                         {zipped(t, "x"), "invalid character"},
		"no ID":                           {zipped(t, "{}"), "execution ID"},
		"a stream that unpacks to no end": {zipped(t, strings.Repeat(" ", maxPlan+1)), "at most 1048576 nodes and 67108864 bytes"},
		"more nodes than indexes":         {zipped(t, `{"nodes":[`+strings.Repeat("{},", execution.MaxIndex)+"{}]}"), "at most 1048576 nodes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := unpack(tt.stream); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

// FuzzUnpack reads what any client may have written into a plan part.
func FuzzUnpack(f *testing.F) {
	parts, err := pack(planOfExecution("kind: Pod"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(parts[0].Data)
	f.Add(zipped(f, `{"id":"20261124034200","nodes":null,"scheduled":"9999-12-31T23:59:59-23:59"}`))
	f.Fuzz(func(t *testing.T, stream []byte) {
		plan, err := unpack(stream)
		if err != nil {
			return
		}
		if len(plan.ID) != 14 {
			t.Errorf("accepted the ID %q", plan.ID)
		}
		plan.NodeCronJob, plan.Execution.UID = "check", "5b7d"
		parts, err := pack(plan)
		if err != nil {
			return // a time that has no text
		}
		again, err := unpack(parts[0].Data)
		if err != nil {
			t.Fatal(err)
		}
		a, errA := json.Marshal(plan)
		b, errB := json.Marshal(again)
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("packed again: %s, %v, want %s, %v", b, errB, a, errA)
		}
	})
}
