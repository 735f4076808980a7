package progress

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

func TestNodesIn(t *testing.T) {
	plan := execution.Plan{Skipped: []execution.Skip{{Node: "s", Reason: execution.NodeNotReady}}}
	for _, name := range []string{"g", "f", "e", "d", "c", "b", "a"} {
		plan.Nodes = append(plan.Nodes, execution.Node{Name: name})
	}
	end := func(state execution.State, reason execution.Reason) execution.Outcome {
		return execution.Outcome{State: state, Reason: reason}
	}
	account := execution.Account{
		Phase: execution.Closed, Admitted: indexes(t, "0-6"), Unreported: indexes(t, "2"),
		Outcomes: map[execution.Outcome]execution.Indexes{
			end(execution.Failed, "ContainerFailed"): indexes(t, "0,6"), end(execution.Succeeded, ""): indexes(t, "1-2"),
			end(execution.Canceled, execution.NotStarted): indexes(t, "3"), end(execution.Lost, "JobDeleted"): indexes(t, "4,99"),
		},
	}
	tests := map[string]struct {
		states []v1alpha1.FinalState
		want   []Node
	}{
		"none":                       {},
		"those that failed, by name": {states: []v1alpha1.FinalState{v1alpha1.Failed}, want: []Node{{"a", execution.Failed, "ContainerFailed"}, {"g", execution.Failed, "ContainerFailed"}}},
		"in the order of the states": {states: []v1alpha1.FinalState{v1alpha1.Unreported, v1alpha1.Lost, v1alpha1.Canceled, v1alpha1.Skipped}, want: []Node{
			{"e", execution.Unreported, "succeeded without a result"}, {"c", execution.Lost, "JobDeleted"},
			{"d", execution.Canceled, "NotStarted"}, {"s", execution.Skipped, "NodeNotReady"},
		}},
		"those that are good": {states: []v1alpha1.FinalState{v1alpha1.Succeeded}, want: []Node{{"f", execution.Succeeded, ""}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, NodesIn(record.Record{Plan: plan, Account: account}, test.states)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// The words of the API are those of the record.
func TestEachFinalStateIsOneOfTheRecord(t *testing.T) {
	want := map[v1alpha1.FinalState]execution.State{
		v1alpha1.Succeeded: execution.Succeeded, v1alpha1.Unreported: execution.Unreported, v1alpha1.Failed: execution.Failed,
		v1alpha1.Lost: execution.Lost, v1alpha1.Skipped: execution.Skipped, v1alpha1.Canceled: execution.Canceled,
	}
	for state, of := range want {
		if got := stateOf(state); got != of {
			t.Errorf("%s is %s, want %s", state, got, of)
		}
	}
}
