package account

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

var update = flag.Bool("update", false, "write the golden files")

func set(t *testing.T, s string) execution.Indexes {
	t.Helper()
	x, err := execution.ParseIndexes(s)
	testkit.Must(t, err)
	return x
}

func diffAccounts(want, got execution.Account) string {
	return cmp.Diff(want, got, cmp.Comparer(func(a, b execution.Indexes) bool { return a.String() == b.String() }))
}

// stored returns a status as the API server gives it back.
func stored(t testing.TB, status v1alpha1.ExecutionStatus) v1alpha1.ExecutionStatus {
	t.Helper()
	text, err := json.Marshal(status)
	testkit.Must(t, err)
	var read v1alpha1.ExecutionStatus
	testkit.Must(t, json.Unmarshal(text, &read))
	return read
}

func smallAccount(t *testing.T) execution.Account {
	t.Helper()
	return execution.Account{
		Phase: execution.Closed, ClosedAt: time.Date(2026, 11, 24, 4, 42, 0, 0, time.UTC),
		Admitted: set(t, "0-5"), Created: set(t, "0-2,4"),
		Outcomes: map[execution.Outcome]execution.Indexes{
			{State: execution.Succeeded}:                           set(t, "0,4"),
			{State: execution.Failed, Reason: "OOMKilled"}:         set(t, "1"),
			{State: execution.Failed, Reason: "Evicted"}:           set(t, "2"),
			{State: execution.Lost, Reason: execution.JobDeleted}:  set(t, "3"),
			{State: execution.Skipped, Reason: execution.NodeGone}: set(t, "5"),
		},
		Unreported: set(t, "4"),
	}
}

// The golden file is the format on the API server: another version reads it.
func TestAnAccountOnTheAPIServer(t *testing.T) {
	account := smallAccount(t)
	status := Status(v1alpha1.ExecutionStatus{ExecutionID: "20261124034200", Phase: v1alpha1.Open}, account)
	testkit.Golden(t, *update, "account.json", status)
	got, err := Parse(stored(t, status), 6)
	testkit.Must(t, err)
	if diff := diffAccounts(account, got); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}

func TestAnAccountOfAnOpenExecutionHasNoCloseTime(t *testing.T) {
	now := metav1.Now()
	status := Status(v1alpha1.ExecutionStatus{CloseTime: &now}, execution.Account{Phase: execution.Open})
	if status.CloseTime != nil {
		t.Errorf("closeTime %s", status.CloseTime)
	}
}

// randomAccount returns an account such as a ledger may have written it.
func randomAccount(r *rand.Rand, tasks int) execution.Account {
	phases := []execution.Phase{execution.Open, execution.Closing, execution.Closed}
	a := execution.Account{Phase: phases[r.IntN(3)], Outcomes: map[execution.Outcome]execution.Indexes{}}
	if a.Phase == execution.Closed {
		a.ClosedAt = time.Date(2026, 11, 24, 3, 42, r.IntN(1e6), 0, time.UTC)
	}
	states := execution.Verdicts()
	reasons := []execution.Reason{"", "OOMKilled", "Evicted", execution.NodeGone, otherReason}
	for i := range tasks {
		if r.IntN(4) > 0 {
			a.Admitted.Add(i)
			if r.IntN(3) > 0 {
				a.Created.Add(i)
			}
		}
		outcome := execution.Outcome{State: states[r.IntN(len(states))], Reason: reasons[r.IntN(len(reasons))]}
		if !outcome.State.Final() {
			continue
		}
		indexes := a.Outcomes[outcome]
		indexes.Add(i)
		a.Outcomes[outcome] = indexes
		if outcome.State == execution.Succeeded && r.IntN(2) == 0 {
			a.Unreported.Add(i)
		}
	}
	return a
}

func TestEveryAccountIsReadAsItWasWritten(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 0))
		tasks := r.IntN(60)
		want := randomAccount(r, tasks)
		got, err := Parse(stored(t, Status(v1alpha1.ExecutionStatus{}, want)), tasks)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if diff := diffAccounts(want, got); diff != "" {
			t.Fatalf("seed %d: (-want +got):\n%s", seed, diff)
		}
	}
}

func TestADamagedAccountIsRefused(t *testing.T) {
	tests := map[string]struct {
		damage func(*v1alpha1.ExecutionStatus)
		want   string
	}{
		"no account":                           {func(s *v1alpha1.ExecutionStatus) { s.Account = nil }, "status.account: is missing"},
		"no phase":                             {func(s *v1alpha1.ExecutionStatus) { s.Phase = "" }, "Open, Closing or Closed"},
		"a phase before it opens":              {func(s *v1alpha1.ExecutionStatus) { s.Phase = v1alpha1.Queued }, `status.phase: "Queued"`},
		"an execution that was rejected":       {func(s *v1alpha1.ExecutionStatus) { s.Phase = v1alpha1.Rejected }, `status.phase: "Rejected"`},
		"a schema before the first":            {func(s *v1alpha1.ExecutionStatus) { s.Account.Schema = 0 }, "status.account.schema: 0"},
		"a later schema":                       {func(s *v1alpha1.ExecutionStatus) { s.Account.Schema = Schema + 1 }, "status.account.schema: 2"},
		"an index beyond the nodes":            {func(s *v1alpha1.ExecutionStatus) { s.Account.Admitted = "0-6" }, "status.account.admitted: index 6: the execution has 6 nodes"},
		"a created index beyond the nodes":     {func(s *v1alpha1.ExecutionStatus) { s.Account.Created = "6" }, "status.account.created: index 6"},
		"an unreported index beyond the nodes": {func(s *v1alpha1.ExecutionStatus) { s.Account.Unreported = "6" }, "status.account.unreported: index 6"},
		"an outcome beyond the nodes":          {func(s *v1alpha1.ExecutionStatus) { s.Account.Outcomes[0].Indexes = "6" }, "status.account.outcomes: index 6"},
		"an invalid set of indexes":            {func(s *v1alpha1.ExecutionStatus) { s.Account.Created = "2-1" }, `status.account.created: indexes: "2-1"`},
		"an invalid set of an outcome":         {func(s *v1alpha1.ExecutionStatus) { s.Account.Outcomes[0].Indexes = "0,0" }, "status.account.outcomes: indexes"},
		"a state that is not final":            {func(s *v1alpha1.ExecutionStatus) { s.Account.Outcomes[0].State = "Running" }, `"Running": must be a final state`},
		"no state":                             {func(s *v1alpha1.ExecutionStatus) { s.Account.Outcomes[0].State = "" }, `"": must be a final state`},
		"a state as in reports":                {func(s *v1alpha1.ExecutionStatus) { s.Account.Outcomes[0].State = "failed" }, `"failed": must be a final state`},
		"a verdict":                            {func(s *v1alpha1.ExecutionStatus) { s.Account.Outcomes[0].State = v1alpha1.Unreported }, `"Unreported": must be a final state`},
		"a reason that is no word":             {func(s *v1alpha1.ExecutionStatus) { s.Account.Outcomes[0].Reason = "out of memory" }, `"out of memory": must be a reason`},
		"a reason that is too long":            {func(s *v1alpha1.ExecutionStatus) { s.Account.Outcomes[0].Reason = strings.Repeat("x", 65) }, "letters and digits, at most 64"},
		"a task with two outcomes":             {func(s *v1alpha1.ExecutionStatus) { s.Account.Outcomes[0].Indexes = "1-2" }, "index 1: has two outcomes"},
		"an outcome twice": {func(s *v1alpha1.ExecutionStatus) {
			s.Account.Outcomes = append(s.Account.Outcomes, s.Account.Outcomes[0])
		}, "Failed Evicted: must be there once"},
		"a Job of a task that is not admitted":  {func(s *v1alpha1.ExecutionStatus) { s.Account.Admitted = "0-3,5" }, "status.account.created: index 4 is not admitted"},
		"no result of a task that did not end":  {func(s *v1alpha1.ExecutionStatus) { s.Account.Outcomes = nil }, "status.account.unreported: index 4 did not succeed"},
		"no result of a task that failed":       {func(s *v1alpha1.ExecutionStatus) { s.Account.Unreported = "1,4" }, "status.account.unreported: index 1 did not succeed"},
		"everything at once: the first problem": {func(s *v1alpha1.ExecutionStatus) { s.Phase, s.Account.Created = "x", "y" }, `status.phase: "x"`},
		"everything at once: the next problem":  {func(s *v1alpha1.ExecutionStatus) { s.Phase, s.Account.Created = "x", "y" }, `status.account.created: indexes: "y"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			status := Status(v1alpha1.ExecutionStatus{}, smallAccount(t))
			tt.damage(&status)
			if _, err := Parse(status, 6); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

// Whatever clients do to Jobs and reports, the next leader can read what this one wrote.
func TestNoAccountIsWrittenThatIsDamaged(t *testing.T) {
	account := smallAccount(t)
	account.Admitted = set(t, "0-3")                                                                  // and a client created the Job of 4
	account.Unreported = set(t, "1,4-5")                                                              // a report that was edited
	account.Outcomes[execution.Outcome{State: execution.Lost, Reason: "-"}] = set(t, "")              // empty
	account.Outcomes[execution.Outcome{State: execution.Skipped, Reason: "Node Gone"}] = set(t, "5")  // no word
	account.Outcomes[execution.Outcome{State: execution.Failed, Reason: "!?"}] = set(t, "2")          // no letter
	delete(account.Outcomes, execution.Outcome{State: execution.Skipped, Reason: execution.NodeGone}) // has 5
	delete(account.Outcomes, execution.Outcome{State: execution.Failed, Reason: "Evicted"})           // has 2
	got, err := Parse(stored(t, Status(v1alpha1.ExecutionStatus{}, account)), 6)
	testkit.Must(t, err)
	want := smallAccount(t)
	want.Admitted, want.Created, want.Unreported = set(t, "0-3"), set(t, "0-2"), set(t, "4")
	delete(want.Outcomes, execution.Outcome{State: execution.Failed, Reason: "Evicted"})
	want.Outcomes[execution.Outcome{State: execution.Failed, Reason: otherReason}] = set(t, "2")
	if diff := diffAccounts(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzParseStatus reads what any client may have written into a status.
func FuzzParseStatus(f *testing.F) {
	for seed := range uint64(8) {
		text, err := json.Marshal(Status(v1alpha1.ExecutionStatus{}, randomAccount(rand.New(rand.NewPCG(seed, 1)), 5)))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(`{"phase":"Closed","closeTime":"2026-11-24T03:42:00.5+01:00","account":{"schema":1,"outcomes":[{"state":"Failed","indexes":"0-1048576"}]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var status v1alpha1.ExecutionStatus
		if json.Unmarshal(text, &status) != nil {
			return
		}
		account, err := Parse(status, 5)
		if err != nil {
			return
		}
		plan := execution.Plan{Nodes: make([]execution.Node, 5)}
		ledger := execution.NewLedger(plan, account)
		ledger.Grant()
		ledger.NextAccount(execution.Admission{Share: execution.NoShare})
		if sum := sumOf(Counts(plan, account, 2)); sum != 5 {
			t.Errorf("the counts sum to %d nodes", sum)
		}
		again, err := Parse(stored(t, Status(status, account)), 5)
		if err != nil {
			t.Fatal(err)
		}
		if diff := diffAccounts(account, again); diff != "" {
			t.Errorf("written again (-want +got):\n%s", diff)
		}
	})
}

// Sets in the worst order: pairs of tasks with a gap of one between them, and ends of which
// no two neighbors have the same.
func TestTheAccountOf50000NodesFitsIntoAnObject(t *testing.T) {
	const tasks = 50_000
	for _, outcomes := range []int{2, 1024, 5000} {
		t.Run(fmt.Sprintf("%d outcomes", outcomes), func(t *testing.T) {
			account := execution.Account{Phase: execution.Closing, Outcomes: map[execution.Outcome]execution.Indexes{}}
			for i := range tasks {
				outcome := execution.Outcome{State: execution.Succeeded, Reason: execution.Reason(fmt.Sprintf("%064d", i%outcomes))}
				indexes := account.Outcomes[outcome]
				indexes.Add(i)
				account.Outcomes[outcome] = indexes
				if i%3 < 2 {
					account.Admitted.Add(i)
					account.Created.Add(i)
					account.Unreported.Add(i)
				}
			}
			status := Status(v1alpha1.ExecutionStatus{}, account)
			text, err := json.Marshal(status)
			testkit.Must(t, err)
			written := len(status.Account.Outcomes)
			if limit := 890_000 + 130*written; len(text) > limit || written > 1024 {
				t.Errorf("%d bytes, %d outcomes: want at most %d bytes, 1024 outcomes", len(text), written, limit)
			}
			if len(text) < 800_000 && outcomes == written {
				t.Errorf("%d bytes: this is not the worst order", len(text))
			}
			if got, err := Parse(status, tasks); err != nil || len(got.Outcomes) != written {
				t.Errorf("read back: %d outcomes, %v", len(got.Outcomes), err)
			}
		})
	}
}
