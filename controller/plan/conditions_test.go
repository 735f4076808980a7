package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestConditions(t *testing.T) {
	const yes, no = metav1.ConditionTrue, metav1.ConditionFalse
	good, bad := execution.Counts{execution.Succeeded: 2}, execution.Counts{execution.Succeeded: 1, execution.Failed: 1}
	done := func(status metav1.ConditionStatus, reason, message string) metav1.Condition {
		return metav1.Condition{Type: "Complete", Status: status, Reason: reason, Message: message}
	}
	healthy := metav1.Condition{Type: "Degraded", Status: no, Reason: "NoBadNodes"}
	ill := func(message string) metav1.Condition {
		return metav1.Condition{Type: "Degraded", Status: yes, Reason: "BadNodes", Message: message}
	}
	cases := map[string]struct {
		phase    execution.Phase
		steering Steering
		counts   execution.Counts
		want     []metav1.Condition
	}{
		"one without a phase":            {want: []metav1.Condition{done(no, "Waiting", "")}},
		"one that is queued":             {phase: "Queued", steering: Steering{Paused: true}, want: []metav1.Condition{done(no, "Waiting", "")}},
		"one that has just opened":       {phase: execution.Open, want: []metav1.Condition{done(no, "Running", ""), healthy}},
		"one in which a node has failed": {phase: execution.Open, counts: bad, want: []metav1.Condition{done(no, "Running", "1 succeeded, 1 failed"), ill("1 succeeded, 1 failed")}},
		"one that is paused":             {phase: execution.Open, steering: Steering{Paused: true}, counts: good, want: []metav1.Condition{done(no, "Paused", "2 succeeded"), healthy}},
		"one that is paused and canceled": {
			phase: execution.Open, steering: Steering{Paused: true, Cancel: CancelDrain}, counts: good, want: []metav1.Condition{done(no, "Running", "2 succeeded"), healthy},
		},
		"one whose report is being written":  {phase: execution.Closing, steering: Steering{Paused: true}, counts: good, want: []metav1.Condition{done(no, "Running", "2 succeeded"), healthy}},
		"one that has closed":                {phase: execution.Closed, counts: good, want: []metav1.Condition{done(yes, "AllEnded", "2 succeeded"), healthy}},
		"one that has closed without a node": {phase: execution.Closed, want: []metav1.Condition{done(yes, "AllEnded", ""), healthy}},
		"one that was canceled after its last task had ended": {
			phase: execution.Closed, steering: Steering{Cancel: CancelStop}, counts: good, want: []metav1.Condition{done(yes, "AllEnded", "2 succeeded"), healthy},
		},
		"one that was canceled": {
			phase: execution.Closed, steering: Steering{Cancel: CancelStop}, counts: execution.Counts{execution.Unreported: 1, execution.Canceled: 3},
			want: []metav1.Condition{done(yes, "Canceled", "1 unreported, 3 canceled"), ill("1 unreported, 3 canceled")},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, Conditions(tc.phase, tc.steering, tc.counts)); diff != "" {
				t.Errorf("conditions (-want +got):\n%s", diff)
			}
		})
	}
}
