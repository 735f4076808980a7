package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	clienttesting "k8s.io/client-go/testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// configMaps returns the client of an API server that compares resource versions, which
// the fake of client-go does not.
func configMaps() corev1client.ConfigMapInterface {
	client := fake.NewClientset()
	version := 0
	client.PrependReactor("create", "configmaps", func(action clienttesting.Action) (bool, runtime.Object, error) {
		version++
		object := action.(clienttesting.CreateAction).GetObject().(*corev1.ConfigMap)
		object.ResourceVersion, object.UID = fmt.Sprint(version), types.UID("uid-"+object.Name)
		return false, nil, nil
	})
	client.PrependReactor("update", "configmaps", func(action clienttesting.Action) (bool, runtime.Object, error) {
		object := action.(clienttesting.UpdateAction).GetObject().(*corev1.ConfigMap)
		stored, err := client.Tracker().Get(corev1.SchemeGroupVersion.WithResource("configmaps"), action.GetNamespace(), object.Name)
		if err != nil {
			return true, nil, err
		}
		if object.ResourceVersion != stored.(*corev1.ConfigMap).ResourceVersion {
			return true, nil, apierrors.NewConflict(corev1.Resource("configmaps"), object.Name, errors.New("the object has been modified"))
		}
		version++
		object.ResourceVersion = fmt.Sprint(version)
		return false, nil, nil
	})
	return client.CoreV1().ConfigMaps("jobs")
}

func set(t *testing.T, s string) execution.Indexes {
	t.Helper()
	x, err := execution.ParseIndexes(s)
	testkit.Must(t, err)
	return x
}

func TestRecordSurvivesTheAPIServer(t *testing.T) {
	r := NewStore(configMaps(), "check")
	plan := testkit.Plan("kind: Pod")
	created, err := r.Create(t.Context(), plan, execution.Account{Phase: execution.Open})
	testkit.Must(t, err)
	account := execution.Account{
		Phase: execution.Closed, ClosedAt: plan.Scheduled.Add(time.Hour), Admitted: set(t, "0-2"), Created: set(t, "0,2"),
		Outcomes: map[execution.Outcome]execution.Indexes{
			{State: execution.Succeeded}:                          set(t, "0"),
			{State: execution.Failed, Reason: "OOMKilled"}:        set(t, "1"),
			{State: execution.Lost, Reason: execution.JobDeleted}: set(t, "2"),
		},
		Unreported: set(t, "0"),
	}
	_, err = r.Swap(t.Context(), created, account)
	testkit.Must(t, err)
	got, err := r.Get(t.Context(), plan.ID)
	testkit.Must(t, err)
	if diff := cmp.Diff(plan, got.Plan); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(account, got.Account, cmp.Comparer(func(a, b execution.Indexes) bool { return a.String() == b.String() })); diff != "" {
		t.Errorf("account (-want +got):\n%s", diff)
	}
	if _, err := r.Swap(t.Context(), created, account); err == nil {
		t.Error("an update of an older version was accepted")
	}
}

func TestDamagedRecordIsRefusedAndTheOthersAreRead(t *testing.T) {
	tests := map[string]struct {
		damage func(*corev1.ConfigMap)
		want   string
	}{
		"no plan":                              {func(o *corev1.ConfigMap) { o.BinaryData = nil }, planKey},
		"a plan that is not gzip":              {func(o *corev1.ConfigMap) { o.BinaryData[planKey] = []byte("x") }, planKey},
		"the plan of another execution":        {func(o *corev1.ConfigMap) { o.Labels[jobspec.ExecutionLabel] = "20200101000000" }, "20200101000000"},
		"an unknown phase":                     {func(o *corev1.ConfigMap) { o.Data[phaseKey] = "Odd" }, "Open, Closing or Closed"},
		"an unreported index beyond the nodes": {func(o *corev1.ConfigMap) { o.Data[unreportedKey] = "3" }, unreportedKey},
		"an index beyond the nodes":            {func(o *corev1.ConfigMap) { o.Data[admittedKey] = "0-3" }, "3 nodes"},
		"an invalid set of indexes":            {func(o *corev1.ConfigMap) { o.Data[createdKey] = "2-1" }, "2-1"},
		"a state that is not final":            {func(o *corev1.ConfigMap) { o.Data[outcomesKey] = "running 0" }, "final"},
		"a task with two outcomes":             {func(o *corev1.ConfigMap) { o.Data[outcomesKey] = "failed/X 0\nsucceeded 0" }, "two outcomes"},
		"a schema that is not a number":        {func(o *corev1.ConfigMap) { o.Data[schemaKey] = "new" }, "number from 1"},
		"a schema before the first":            {func(o *corev1.ConfigMap) { o.Data[schemaKey] = "0" }, "number from 1"},
		"an invalid closing time":              {func(o *corev1.ConfigMap) { o.Data[closedKey] = "yesterday" }, closedKey},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := NewStore(configMaps(), "check")
			plan := testkit.Plan("kind: Pod")
			created, err := r.Create(t.Context(), plan, execution.Account{Phase: execution.Open})
			testkit.Must(t, err)
			object := created.Object.DeepCopy()
			tt.damage(object)
			_, err = r.client.Update(t.Context(), object, metav1.UpdateOptions{})
			testkit.Must(t, err)
			plan.ID = plan.ID.Next()
			_, err = r.Create(t.Context(), plan, execution.Account{Phase: execution.Open})
			testkit.Must(t, err)

			all, err := r.List(t.Context())
			testkit.Must(t, err)
			if damage := all.Damage(); damage == nil || !strings.Contains(damage.Error(), tt.want) || !strings.Contains(damage.Error(), object.Name) {
				t.Errorf("list: got %v, want damage with %q and %s", damage, tt.want, object.Name)
			}
			if len(all.Records) != 1 || all.Records[0].Plan.ID != plan.ID {
				t.Errorf("list: got %d records, want the undamaged one", len(all.Records))
			}
		})
	}
}

func FuzzParseAccount(f *testing.F) {
	f.Add("Open", "0-2", "0", "succeeded 0\nfailed/OOMKilled 1")
	f.Add("Closed", "", "", "")
	f.Fuzz(func(_ *testing.T, phase, admitted, created, outcomes string) {
		account, err := parseAccount(map[string]string{phaseKey: phase, admittedKey: admitted, createdKey: created, outcomesKey: outcomes}, 3)
		if err != nil {
			return
		}
		execution.NewLedger(execution.Plan{Nodes: make([]execution.Node, 3)}, account).NextAccount(execution.Admission{Share: execution.NoShare})
	})
}

func FuzzUnpackPlan(f *testing.F) {
	packed, err := packPlan(execution.Plan{ID: "20261124034200"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packed)
	f.Fuzz(func(t *testing.T, packed []byte) {
		if plan, err := unpackPlan(packed); err == nil && len(plan.ID) != 14 {
			t.Errorf("unpackPlan accepted the ID %q", plan.ID)
		}
	})
}

// FuzzRecord reads what any tool may have written into a record.
func FuzzRecord(f *testing.F) {
	packed, err := packPlan(execution.Plan{ID: "20261124034200", Nodes: []execution.Node{{Name: "a"}, {Name: "b"}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packed, "20261124034200", []byte(`{"phase":"Open","admitted":"0-1","created":"0","outcomes":"failed/OOMKilled 1"}`))
	f.Add(packed, "", []byte(`{"phase":"Closed","closed":"yesterday"}`))
	f.Add([]byte{0x1f, 0x8b}, "x", []byte(`null`))
	f.Fuzz(func(t *testing.T, packed []byte, label string, text []byte) {
		var data map[string]string
		if json.Unmarshal(text, &data) != nil {
			return
		}
		r, err := parse(&corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: "x", Labels: map[string]string{jobspec.ExecutionLabel: label}},
			Data:       data, BinaryData: map[string][]byte{planKey: packed},
		})
		if err != nil {
			return
		}
		if string(r.Plan.ID) != label {
			t.Errorf("a record of %s is taken for one of %s", r.Plan.ID, label)
		}
		ledger := execution.NewLedger(r.Plan, r.Account)
		ledger.Grant()
		ledger.NextAccount(execution.Admission{Share: execution.NoShare})
		ledger.Report(r.Plan.Scheduled)
	})
}
