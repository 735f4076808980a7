package account

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func sumOf(c v1alpha1.NodeCounts) int32 {
	return c.OK + c.Bad + c.Pending + c.Running + c.Skipped + c.Canceled
}

func TestCounts(t *testing.T) {
	plan := execution.Plan{Nodes: make([]execution.Node, 8), Skipped: make([]execution.Skip, 2)}
	ended := func(pairs ...string) map[execution.Outcome]execution.Indexes {
		outcomes := map[execution.Outcome]execution.Indexes{}
		for i := 0; i < len(pairs); i += 2 {
			outcomes[execution.Outcome{State: execution.State(pairs[i]), Reason: "X"}] = set(t, pairs[i+1])
		}
		return outcomes
	}
	tests := map[string]struct {
		account execution.Account
		running int
		want    v1alpha1.NodeCounts
	}{
		"nothing has begun": {want: v1alpha1.NodeCounts{Nodes: 10, Pending: 8, Skipped: 2}},
		"some run":          {running: 3, want: v1alpha1.NodeCounts{Nodes: 10, Pending: 5, Running: 3, Skipped: 2}},
		"one of each": {
			account: execution.Account{Outcomes: ended("succeeded", "0-1", "failed", "2", "lost", "3", "skipped", "4", string(execution.Canceled), "5")}, running: 1,
			want: v1alpha1.NodeCounts{Nodes: 10, OK: 2, Bad: 2, Pending: 1, Running: 1, Failed: 1, Lost: 1, Skipped: 3, Canceled: 1},
		},
		"results are missing": {
			account: execution.Account{Outcomes: ended("succeeded", "0-5", "failed", "6-7"), Unreported: set(t, "1,3")},
			want:    v1alpha1.NodeCounts{Nodes: 10, OK: 4, Bad: 4, Failed: 2, Unreported: 2, Skipped: 2},
		},
		"more are said to run than are left": {
			account: execution.Account{Outcomes: ended("succeeded", "0-5")}, running: 3,
			want: v1alpha1.NodeCounts{Nodes: 10, OK: 6, Running: 2, Skipped: 2},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Counts(plan, tt.account, tt.running)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Messages and metrics count by package execution: tools must not see other numbers.
func TestCountsAgreeWithThoseOfTheReport(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 2))
		plan := execution.Plan{Nodes: make([]execution.Node, r.IntN(40))}
		account := randomAccount(r, len(plan.Nodes))
		c, want := Counts(plan, account, r.IntN(5)), account.Count()
		got := map[v1alpha1.FinalState]int32{
			v1alpha1.Succeeded: c.OK, v1alpha1.Unreported: c.Unreported, v1alpha1.Failed: c.Failed,
			v1alpha1.Lost: c.Lost, v1alpha1.Skipped: c.Skipped, v1alpha1.Canceled: c.Canceled,
		}
		for _, state := range execution.Verdicts() {
			if int(got[finalState(state)]) != want[state] {
				t.Errorf("seed %d: %s: %d, want %d", seed, state, got[finalState(state)], want[state])
			}
		}
		if sumOf(c) != c.Nodes || int(c.Nodes) != len(plan.Nodes) || c.Bad != c.Failed+c.Lost+c.Unreported || int(c.Bad) != want.Bad() {
			t.Errorf("seed %d: %+v", seed, c)
		}
	}
}
