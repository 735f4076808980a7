package progress

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

func TestStatusText(t *testing.T) {
	counts := &v1alpha1.NodeCounts{Nodes: 12, OK: 3, Bad: 3, Failed: 1, Lost: 1, Unreported: 1, Running: 2, Pending: 1, Skipped: 2, Canceled: 1}
	const countsText = "3 of 10 nodes succeeded, 1 unreported, 1 failed, 1 lost, 2 running, 1 pending, 2 skipped, 1 canceled"
	because := func(condition, reason, message string) []metav1.Condition {
		return []metav1.Condition{{Type: condition, Reason: reason, Message: message}}
	}
	tests := map[string]struct {
		spec     v1alpha1.ExecutionSpec
		status   v1alpha1.ExecutionStatus
		want     string
		wantOver bool
	}{
		"nothing has seen it":         {want: "waits to be opened"},
		"it waits":                    {status: v1alpha1.ExecutionStatus{Phase: v1alpha1.Queued, Conditions: because(v1alpha1.ConditionComplete, "Queued", "behind another one")}, want: "waits to be opened: behind another one"},
		"it is open":                  {status: v1alpha1.ExecutionStatus{Phase: v1alpha1.Open, Counts: counts}, want: countsText},
		"it is paused":                {spec: v1alpha1.ExecutionSpec{Paused: true}, status: v1alpha1.ExecutionStatus{Phase: v1alpha1.Open, Counts: counts}, want: countsText + "; it is paused"},
		"it is paused and canceled":   {spec: v1alpha1.ExecutionSpec{Paused: true, Cancel: v1alpha1.CancelDrain}, status: v1alpha1.ExecutionStatus{Phase: v1alpha1.Open, Counts: counts}, want: countsText + "; it is canceled"},
		"it closes":                   {status: v1alpha1.ExecutionStatus{Phase: v1alpha1.Closing, Counts: counts}, want: countsText + "; its report is being written"},
		"it has closed":               {spec: v1alpha1.ExecutionSpec{Paused: true}, status: v1alpha1.ExecutionStatus{Phase: v1alpha1.Closed, Counts: counts}, want: countsText, wantOver: true},
		"it has closed without nodes": {status: v1alpha1.ExecutionStatus{Phase: v1alpha1.Closed}, want: "0 of 0 nodes succeeded", wantOver: true},
		"it was rejected":             {status: v1alpha1.ExecutionStatus{Phase: v1alpha1.Rejected, Conditions: because(v1alpha1.ConditionRejected, v1alpha1.ReasonNoNodes, "no node is selected")}, want: "was rejected: " + v1alpha1.ReasonNoNodes + ": no node is selected", wantOver: true},
		"it was rejected in a word":   {status: v1alpha1.ExecutionStatus{Phase: v1alpha1.Rejected, Conditions: because(v1alpha1.ConditionRejected, v1alpha1.ReasonNoNodes, "")}, want: "was rejected: " + v1alpha1.ReasonNoNodes, wantOver: true},
		"it was rejected in silence":  {status: v1alpha1.ExecutionStatus{Phase: v1alpha1.Rejected}, want: "was rejected: for an unknown reason", wantOver: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e := &v1alpha1.Execution{Spec: test.spec, Status: test.status}
			if got := StatusText(e); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if got := Over(e); got != test.wantOver {
				t.Errorf("over: got %t, want %t", got, test.wantOver)
			}
		})
	}
}

func TestNodesText(t *testing.T) {
	for n, want := range map[int]string{0: "0 nodes", 1: "1 node", 2: "2 nodes"} {
		if got := NodesText(n); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
