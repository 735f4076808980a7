package record

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubefake "k8s.io/client-go/kubernetes/fake"

	v1alpha1fake "github.com/batch-job-controller/batch-job-controller/controller/api/client/fake"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// testStore is a store, and the API server of its Executions.
type testStore struct {
	Store
	server *v1alpha1fake.Client
}

// newStore returns a store of an API server without executions.
func newStore(t *testing.T) testStore {
	t.Helper()
	server, err := v1alpha1fake.New()
	testkit.Must(t, err)
	return testStore{NewStore(server.Executions("jobs"), kubefake.NewClientset().CoreV1().ConfigMaps("jobs"), "check"), server}
}

// testPlan returns the plan of an execution.
func testPlan() execution.Plan {
	p := testkit.Plan("kind: Pod")
	p.NodeCronJob = "check"
	return p
}

// opened is what opens an execution.
func opened(p execution.Plan) Next {
	return Next{Account: execution.Account{Phase: execution.Open}, At: p.Scheduled}
}

// create opens an execution.
func create(t *testing.T, s Store, p execution.Plan) Record {
	t.Helper()
	e, err := s.Create(t.Context(), NodeCronJob{Name: p.NodeCronJob}, execution.Firing{Trigger: p.Trigger, Scheduled: p.ID.Time()})
	testkit.Must(t, err)
	r, err := s.Open(t.Context(), e, p, opened(p))
	testkit.Must(t, err)
	return r
}

func firingOf(p execution.Plan) execution.Firing {
	return execution.Firing{Trigger: p.Trigger, Scheduled: p.Scheduled}
}

// edit changes a record, as a tool may that writes what the API server stores.
func (s testStore) edit(t *testing.T, r Record, change func(*v1alpha1.Execution)) {
	t.Helper()
	object := r.Object.DeepCopy()
	change(object)
	resource := v1alpha1.GroupVersion().WithResource(v1alpha1.ExecutionResource)
	testkit.Must(t, s.server.Tracker().Update(resource, object, "jobs"))
}

func set(t *testing.T, s string) execution.Indexes {
	t.Helper()
	x, err := execution.ParseIndexes(s)
	testkit.Must(t, err)
	return x
}

func TestRecordSurvivesTheAPIServer(t *testing.T) {
	s, p := newStore(t), testPlan()
	created := create(t, s.Store, p)
	account := execution.Account{
		Phase: execution.Closed, ClosedAt: p.Scheduled.Add(time.Hour), Admitted: set(t, "0-2"), Created: set(t, "0,2"),
		Outcomes: map[execution.Outcome]execution.Indexes{
			{State: execution.Succeeded}:                          set(t, "0"),
			{State: execution.Failed, Reason: "OOMKilled"}:        set(t, "1"),
			{State: execution.Lost, Reason: execution.JobDeleted}: set(t, "2"),
		},
		Unreported: set(t, "0"),
	}
	_, err := s.Swap(t.Context(), created, Next{Account: account})
	testkit.Must(t, err)
	for name, read := range map[string]func() (Record, error){
		"refreshed": func() (Record, error) { return s.Refresh(t.Context(), created) },
		"loaded": func() (Record, error) {
			e, err := s.Find(t.Context(), created.Object.Name)
			testkit.Must(t, err)
			return s.Load(t.Context(), e)
		},
	} {
		got, err := read()
		testkit.Must(t, err)
		p.Execution = execution.Object{Name: created.Object.Name, UID: string(created.Object.UID)}
		if diff := cmp.Diff(p, got.Plan); diff != "" {
			t.Errorf("%s: plan (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(account, got.Account, cmp.Comparer(func(a, b execution.Indexes) bool { return a.String() == b.String() })); diff != "" {
			t.Errorf("%s: account (-want +got):\n%s", name, diff)
		}
		if nodes := got.ReportedNodes(); len(nodes) != 0 {
			t.Errorf("%s: nodes with a result: got %v, want none", name, nodes)
		}
		status := got.Object.Status
		if status.Duration == nil || status.Duration.Duration.Duration != time.Hour || status.Counts.Bad != 3 || status.Counts.Nodes != 4 {
			t.Errorf("%s: for people: got %v, %+v", name, status.Duration, status.Counts)
		}
	}
	if _, err := s.Swap(t.Context(), created, Next{Account: account}); err == nil {
		t.Error("an update of an older version was accepted")
	}
}

func TestDamagedRecordIsRefusedAndTheOthersAreRead(t *testing.T) {
	account := func(change func(*v1alpha1.Account)) func(*v1alpha1.Execution) {
		return func(e *v1alpha1.Execution) { change(e.Status.Account) }
	}
	outcomes := func(list ...v1alpha1.Outcome) func(*v1alpha1.Execution) {
		return account(func(a *v1alpha1.Account) { a.Outcomes = list })
	}
	tests := map[string]struct {
		damage func(*v1alpha1.Execution)
		want   string
	}{
		"no plan":                              {func(e *v1alpha1.Execution) { e.Status.Plan = nil }, "status.plan"},
		"no account":                           {func(e *v1alpha1.Execution) { e.Status.Account = nil }, "status.account"},
		"a part that does not exist":           {func(e *v1alpha1.Execution) { e.Status.Plan.Parts[0].Name = "gone" }, "gone"},
		"the digest of another part":           {func(e *v1alpha1.Execution) { e.Status.Plan.Parts[0].Digest = digest(nil) }, "status.plan"},
		"the ID of another execution":          {func(e *v1alpha1.Execution) { e.Status.ExecutionID = "20200101000000" }, "20200101000000"},
		"no ID":                                {func(e *v1alpha1.Execution) { e.Status.ExecutionID = "x" }, "status.executionID"},
		"an unknown phase":                     {func(e *v1alpha1.Execution) { e.Status.Phase = "Odd" }, "Open, Closing or Closed"},
		"the phase of one that waits":          {func(e *v1alpha1.Execution) { e.Status.Phase = v1alpha1.Queued }, "Open, Closing or Closed"},
		"an unreported index beyond the nodes": {account(func(a *v1alpha1.Account) { a.Unreported = "3" }), "account.unreported"},
		"an index beyond the nodes":            {account(func(a *v1alpha1.Account) { a.Admitted = "0-3" }), "3 nodes"},
		"an invalid set of indexes":            {account(func(a *v1alpha1.Account) { a.Created = "2-1" }), "2-1"},
		"a state that is not final":            {outcomes(v1alpha1.Outcome{State: "Running", Indexes: "0"}), "final"},
		"a task with two outcomes": {outcomes(
			v1alpha1.Outcome{State: v1alpha1.Failed, Reason: "X", Indexes: "0"}, v1alpha1.Outcome{State: v1alpha1.Succeeded, Indexes: "0"},
		), "two outcomes"},
		"a schema before the first": {account(func(a *v1alpha1.Account) { a.Schema = -1 }), "number from 1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, p := newStore(t), testPlan()
			damaged := create(t, s.Store, p)
			s.edit(t, damaged, tt.damage)
			p.ID = p.ID.Next()
			create(t, s.Store, p)

			all, err := s.ListOf(t.Context(), "check")
			testkit.Must(t, err)
			if damage := all.Damage(); damage == nil || !strings.Contains(damage.Error(), tt.want) || !strings.Contains(damage.Error(), damaged.Object.Name) {
				t.Errorf("list: got %v, want damage with %q and %s", damage, tt.want, damaged.Object.Name)
			}
			if len(all.Damaged) == 1 && all.Damaged[0].Reference.UID != damaged.Object.UID {
				t.Errorf("list: got an error about %v", all.Damaged[0].Reference)
			}
			if len(all.Records) != 1 || all.Records[0].Plan.ID != p.ID {
				t.Errorf("list: got %d records, want the undamaged one", len(all.Records))
			}
		})
	}
}

// What the plan says matters only until the execution has closed.
func TestAClosedExecutionWithoutItsPlanIsNotDamaged(t *testing.T) {
	s := newStore(t)
	r, err := s.Swap(t.Context(), create(t, s.Store, testPlan()), Next{Account: execution.Account{Phase: execution.Closed, ClosedAt: time.Unix(0, 0)}})
	testkit.Must(t, err)
	testkit.Must(t, s.parts.Delete(t.Context(), r.Object.Status.Plan.Parts[0].Name, metav1.DeleteOptions{}))
	all, err := s.ListOf(t.Context(), "check")
	testkit.Must(t, err)
	if len(all.Closed) != 1 || all.Closed[0].ID != r.Plan.ID || !all.Closed[0].ClosedAt.Equal(time.Unix(0, 0)) || all.Damage() != nil {
		t.Errorf("got %+v, damage %v", all.Closed, all.Damage())
	}
	if _, err := s.Load(t.Context(), all.Closed[0].Object); err == nil {
		t.Error("it was loaded without its plan")
	}
}

// FuzzRecord reads what any tool may have written into a status.
func FuzzRecord(f *testing.F) {
	f.Add("Open", "20261124034200", "0-1", "0", "Failed", "OOMKilled", "1", "")
	f.Add("Closed", "", "", "", "", "", "", "0")
	f.Fuzz(func(t *testing.T, phase, id, admitted, created, state, reason, ended, unreported string) {
		p := execution.Plan{ID: "20261124034200", Nodes: []execution.Node{{Name: "a"}, {Name: "b"}}}
		r, err := parse(&v1alpha1.Execution{Status: v1alpha1.ExecutionStatus{
			Phase: v1alpha1.ExecutionPhase(phase), ExecutionID: v1alpha1.ExecutionID(id), Plan: &v1alpha1.Plan{},
			Account: &v1alpha1.Account{
				Schema: 1, Admitted: v1alpha1.Indexes(admitted), Created: v1alpha1.Indexes(created), Unreported: v1alpha1.Indexes(unreported),
				Outcomes: []v1alpha1.Outcome{{State: v1alpha1.FinalState(state), Reason: reason, Indexes: v1alpha1.Indexes(ended)}},
			},
		}}, p)
		if err != nil {
			return
		}
		if string(r.Plan.ID) != id {
			t.Errorf("a record of %s is taken for one of %s", r.Plan.ID, id)
		}
		ledger := execution.NewLedger(r.Plan, r.Account)
		ledger.Grant()
		ledger.NextAccount(execution.Admission{Share: execution.NoShare})
		ledger.Report(r.Plan.Scheduled)
	})
}
