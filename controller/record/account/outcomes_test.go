package account

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/testkit"
)

// finalStates returns the values that the definition of Execution allows.
func finalStates(t *testing.T) []v1alpha1.FinalState {
	t.Helper()
	source, err := os.ReadFile("../../api/v1alpha1/nodes.go")
	testkit.Must(t, err)
	enum := regexp.MustCompile(`(?m)Enum=(.*)\ntype FinalState `).FindSubmatch(source)
	if enum == nil {
		t.Fatal("FinalState has no values")
	}
	var states []v1alpha1.FinalState
	for word := range strings.SplitSeq(string(enum[1]), ";") {
		states = append(states, v1alpha1.FinalState(word))
	}
	return states
}

// Each state in which a node task can end is in the API, and read back.
func TestEveryFinalStateHasAWord(t *testing.T) {
	words := finalStates(t)
	for _, state := range execution.Verdicts() {
		word := finalState(state)
		if !slices.Contains(words, word) {
			t.Errorf("%s: %q is not in the API, which has %v", state, word, words)
		}
		// Whether a result came is not part of an outcome.
		if back, ok := stateOf(word); back != state || ok != (state != execution.Unreported) {
			t.Errorf("%s: %s is read as %q, an outcome: %t", state, word, back, ok)
		}
	}
	for _, word := range words {
		state, ok := stateOf(word)
		if want := slices.Contains(execution.Verdicts(), state) && state != execution.Unreported; ok != want {
			t.Errorf("%s: is an outcome: %t, want %t", word, ok, want)
		}
	}
	for _, state := range []execution.State{"", execution.Pending, execution.Running} {
		if _, ok := stateOf(finalState(state)); ok {
			t.Errorf("%q: is an outcome", state)
		}
	}
}

// manyReasons returns so many outcomes of a state. The last of them are the rarest.
func manyReasons(outcomes map[execution.Outcome]execution.Indexes, state execution.State, reasons, next int) int {
	for n := range reasons {
		var x execution.Indexes
		for range 1 + min(reasons-1-n, 3) {
			x.Add(next)
			next++
		}
		outcomes[execution.Outcome{State: state, Reason: execution.Reason(fmt.Sprintf("Reason%d", n))}] = x
	}
	return next
}

func TestTheRarestReasonsJoinOther(t *testing.T) {
	outcomes := map[execution.Outcome]execution.Indexes{}
	tasks := manyReasons(outcomes, execution.Failed, 1025, 0)
	few, _ := fewOutcomes(outcomes)
	if len(few) != 1024 {
		t.Fatalf("%d outcomes, want 1024", len(few))
	}
	want := v1alpha1.Outcome{State: v1alpha1.Failed, Reason: "Other", Indexes: v1alpha1.Indexes(fmt.Sprintf("%d-%d", tasks-3, tasks-1))}
	at := slices.IndexFunc(few, func(o v1alpha1.Outcome) bool { return o.Reason == "Other" })
	if at < 0 {
		t.Fatal("there is no Other")
	}
	if diff := cmp.Diff(want, few[at]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReasonsJoinOtherOnlyIfThereAreTooMany(t *testing.T) {
	outcomes := map[execution.Outcome]execution.Indexes{}
	manyReasons(outcomes, execution.Failed, 1024, 0)
	few, _ := fewOutcomes(outcomes)
	if len(few) != 1024 || slices.ContainsFunc(few, func(o v1alpha1.Outcome) bool { return o.Reason == "Other" }) {
		t.Errorf("%d outcomes, want each of the 1024 reasons", len(few))
	}
}

// A task keeps its state, and that it had no reason, whatever becomes of its reason.
func TestManyReasonsOfAllStates(t *testing.T) {
	outcomes, next := map[execution.Outcome]execution.Indexes{}, 0
	var states []execution.State
	for _, state := range execution.Verdicts() {
		if state.Final() {
			states = append(states, state)
		}
	}
	for _, state := range states {
		next = manyReasons(outcomes, state, 700, next)
		var none, other execution.Indexes
		none.Add(next)
		other.Add(next + 1)
		outcomes[execution.Outcome{State: state}] = none
		outcomes[execution.Outcome{State: state, Reason: otherReason}] = other
		next += 2
	}
	want := map[int]execution.State{}
	for outcome, indexes := range outcomes {
		for i := range indexes.All() {
			want[i] = outcome.State
		}
	}
	account := execution.Account{Phase: execution.Open, Outcomes: outcomes}
	status := Status(v1alpha1.ExecutionStatus{}, account)
	if n := len(status.Account.Outcomes); n > 1024 {
		t.Errorf("%d outcomes, want at most 1024", n)
	}
	if diff := cmp.Diff(status, Status(v1alpha1.ExecutionStatus{}, account)); diff != "" {
		t.Errorf("written again (-want +got):\n%s", diff)
	}
	account, err := Parse(status, next)
	testkit.Must(t, err)
	got := map[int]execution.State{}
	for outcome, indexes := range account.Outcomes {
		for i := range indexes.All() {
			got[i] = outcome.State
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	for _, state := range states {
		if account.Outcomes[execution.Outcome{State: state}].Len() != 1 {
			t.Errorf("%s: the task without a reason has one now", state)
		}
	}
}
