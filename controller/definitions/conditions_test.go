package definitions

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

func lastExecution(nodes, bad, canceled int32) *v1alpha1.LastExecution {
	return &v1alpha1.LastExecution{
		ExecutionReference: v1alpha1.ExecutionReference{Name: "check-1"},
		Counts:             v1alpha1.NodeCounts{Nodes: nodes, Bad: bad, Canceled: canceled},
	}
}

func TestConditions(t *testing.T) {
	valid := Facts{Generation: 3, Reason: v1alpha1.ReasonValid, InEffect: 3}
	with := func(change func(*Facts)) Facts {
		f := valid
		change(&f)
		return f
	}
	was := func(status metav1.ConditionStatus, reason string) []metav1.Condition {
		return []metav1.Condition{{Type: v1alpha1.ConditionHealthy, Status: status, Reason: reason, Message: "as before", ObservedGeneration: 1}}
	}
	const (
		accepted  = "True Valid: the spec is in effect"
		scheduled = "True Scheduled: ticks start executions"
		never     = "Unknown NeverRan: no execution over all nodes has closed"
	)
	tests := map[string]struct {
		facts  Facts
		before []metav1.Condition
		want   [3]string
	}{
		"accepted": {valid, nil, [3]string{accepted, scheduled, never}},
		"never accepted": {
			Facts{Generation: 1, Reason: v1alpha1.ReasonInvalid, Problems: "spec.x: a; spec.y: b"}, nil,
			[3]string{"False Invalid: no spec is in effect: spec.x: a; spec.y: b", "False NotAccepted: no spec is in effect: see the condition Accepted", never},
		},
		"no longer accepted": {
			Facts{Generation: 4, Reason: v1alpha1.ReasonMetricConflict, Problems: "p", InEffect: 3}, nil,
			[3]string{"False MetricConflict: the spec of generation 3 stays in effect: p", scheduled, never},
		},
		"the API server rejects its Job": {
			Facts{Generation: 1, Reason: v1alpha1.ReasonJobInvalid, Problems: "p"}, nil,
			[3]string{"False JobInvalid: no spec is in effect: p", "False NotAccepted: no spec is in effect: see the condition Accepted", never},
		},
		"suspended": {with(func(f *Facts) { f.Suspended = true }), nil, [3]string{accepted, "True Suspended: spec.suspend skips the ticks", never}},
		"good nodes": {
			with(func(f *Facts) { f.Last = lastExecution(5, 0, 0) }), was(metav1.ConditionFalse, v1alpha1.ReasonBadNodes),
			[3]string{accepted, scheduled, "True NoBadNodes: no node is bad in execution check-1, of 5"},
		},
		"bad nodes": {
			with(func(f *Facts) { f.Last = lastExecution(5, 2, 0) }), was(metav1.ConditionTrue, v1alpha1.ReasonNoBadNodes),
			[3]string{accepted, scheduled, "False BadNodes: 2 of 5 nodes are bad in execution check-1"},
		},
		"canceled, with bad nodes": {
			with(func(f *Facts) { f.Last = lastExecution(5, 2, 3) }), was(metav1.ConditionTrue, v1alpha1.ReasonNoBadNodes),
			[3]string{accepted, scheduled, "False BadNodes: 2 of 5 nodes are bad in execution check-1"},
		},
		"canceled after a bad one": {
			with(func(f *Facts) { f.Last = lastExecution(5, 0, 3) }), was(metav1.ConditionFalse, v1alpha1.ReasonBadNodes),
			[3]string{accepted, scheduled, "False BadNodes: as before"},
		},
		"canceled after a good one": {
			with(func(f *Facts) { f.Last = lastExecution(5, 0, 3) }), was(metav1.ConditionTrue, v1alpha1.ReasonNoBadNodes),
			[3]string{accepted, scheduled, "True NoBadNodes: as before"},
		},
		"canceled, and the first": {
			with(func(f *Facts) { f.Last = lastExecution(5, 0, 3) }), nil,
			[3]string{accepted, scheduled, never},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			types := []string{v1alpha1.ConditionAccepted, v1alpha1.ConditionReady, v1alpha1.ConditionHealthy}
			for i, c := range Conditions(tt.facts, tt.before) {
				if got := fmt.Sprintf("%s %s: %s", c.Status, c.Reason, c.Message); got != tt.want[i] || c.Type != types[i] {
					t.Errorf("%s: got %s, want %s", c.Type, got, tt.want[i])
				}
				if c.ObservedGeneration != tt.facts.Generation {
					t.Errorf("%s is about generation %d, want %d", c.Type, c.ObservedGeneration, tt.facts.Generation)
				}
			}
		})
	}
}

func TestAConditionFitsIntoTheAPI(t *testing.T) {
	for _, c := range Conditions(Facts{Generation: 1, Reason: v1alpha1.ReasonInvalid, Problems: strings.Repeat("x", maxMessage)}, nil) {
		if len(c.Message) > maxMessage {
			t.Errorf("%s: its message has %d bytes, want %d at most", c.Type, len(c.Message), maxMessage)
		}
	}
}
