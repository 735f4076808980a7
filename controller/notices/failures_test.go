package notices

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

func TestOtherFailures(t *testing.T) {
	report := func(reasons ...execution.Reason) (r execution.Report) {
		for _, reason := range reasons {
			r.Tasks = append(r.Tasks, execution.TaskReport{State: execution.Failed, Reason: reason})
		}
		return r
	}
	many := make([]execution.Reason, 0, 40)
	for i := range 13 {
		for range 1 + i/6 {
			many = append(many, execution.Reason(fmt.Sprintf("R%02d", i)))
		}
	}
	cases := map[string]struct {
		report execution.Report
		want   string
	}{
		"none failed":                    {want: ""},
		"as many as have an event":       {report: report(many[:maxFailureEvents]...), want: ""},
		"more, and for too many reasons": {report: report(many...), want: "3 R12, 2 R06, 2 R07, 2 R08, 2 R09, 2 R10, 2 R11, 1 R00, 1 R01, 1 R02, and 3 other reasons"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := otherFailures(tc.report)
			if !strings.HasSuffix(got, tc.want) || (got == "") != (tc.want == "") {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func ended(state execution.State) execution.Task {
	return execution.Task{Outcome: execution.Outcome{State: state, Reason: "Why"}, Message: "how"}
}

func TestTaskEnded(t *testing.T) {
	key, job := execution.Key{Execution: "20261124034200", Node: "a"}, &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "x"}}
	tests := map[string]struct {
		before []execution.State // of other tasks
		job    *batchv1.Job
		state  execution.State
		want   []string
	}{
		"it succeeded":                    {state: execution.Succeeded},
		"it was canceled":                 {state: execution.Canceled},
		"it failed":                       {state: execution.Failed, job: job, want: []string{"Job NodeTaskFailed: node a failed in execution 20261124034200: Why: how"}},
		"it was lost, without a Job":      {state: execution.Lost, want: []string{"Execution NodeTaskFailed: node a lost in execution 20261124034200: Why: how"}},
		"it is one of the first":          {before: slices.Repeat([]execution.State{execution.Failed}, maxFailureEvents-1), state: execution.Failed, job: job, want: []string{"Job NodeTaskFailed: node a failed in execution 20261124034200: Why: how"}},
		"too many failed before":          {before: slices.Repeat([]execution.State{execution.Lost}, maxFailureEvents), state: execution.Failed, job: job},
		"many have succeeded, it has not": {before: slices.Repeat([]execution.State{execution.Succeeded}, 100), state: execution.Lost, want: []string{"Execution NodeTaskFailed: node a lost in execution 20261124034200: Why: how"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a, n := newNotices(false, plan.Steering{})
			for _, state := range tt.before {
				n.TaskEndedBefore(state)
			}
			n.TaskEnded(t.Context(), key, tt.job, ended(tt.state))
			if !slices.Equal(a.events, tt.want) {
				t.Errorf("got %q, want %q", a.events, tt.want)
			}
		})
	}
}
