package notices

import (
	"strings"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

func TestSteeringEvent(t *testing.T) {
	paused, drained, stopped := plan.Steering{Paused: true}, plan.Steering{Cancel: plan.CancelDrain}, plan.Steering{Cancel: plan.CancelStop}
	tests := map[string]struct {
		before, now plan.Steering
		want        string
		wantText    string
	}{
		"paused":                     {now: paused, want: kube.EventExecutionPaused, wantText: "until it is resumed"},
		"resumed":                    {before: paused, want: kube.EventExecutionResumed, wantText: "again"},
		"drained":                    {now: drained, want: kube.EventExecutionCanceled, wantText: "go on to their end"},
		"stopped":                    {now: stopped, want: kube.EventExecutionCanceled, wantText: "pods are stopped"},
		"drained, then stopped":      {before: drained, now: stopped, want: kube.EventExecutionCanceled, wantText: "pods are stopped"},
		"paused, then drained":       {before: paused, now: plan.Steering{Paused: true, Cancel: plan.CancelDrain}, want: kube.EventExecutionCanceled, wantText: "go on to their end"},
		"resumed and drained":        {before: paused, now: drained, want: kube.EventExecutionCanceled, wantText: "go on to their end"},
		"drained, then paused":       {before: drained, now: plan.Steering{Paused: true, Cancel: plan.CancelDrain}},
		"paused, drained, resumed":   {before: plan.Steering{Paused: true, Cancel: plan.CancelDrain}, now: drained},
		"stopped, paused, resumed":   {before: plan.Steering{Paused: true, Cancel: plan.CancelStop}, now: stopped},
		"paused and stopped at once": {now: plan.Steering{Paused: true, Cancel: plan.CancelStop}, want: kube.EventExecutionCanceled, wantText: "pods are stopped"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, text := steeringEvent(tt.before, tt.now)
			if got != tt.want || !strings.Contains(text, tt.wantText) {
				t.Errorf("got %s: %q, want %s: %q", got, text, tt.want, tt.wantText)
			}
		})
	}
}

func TestSteered(t *testing.T) {
	paused := plan.Steering{Paused: true}
	a, n := newNotices(false, paused)
	for _, now := range []plan.Steering{paused, {}, {}, paused, paused} {
		n.Steered(t.Context(), now)
	}
	if len(a.events) != 2 || !strings.HasPrefix(a.events[0], "Execution ExecutionResumed") || !strings.HasPrefix(a.events[1], "Execution ExecutionPaused") {
		t.Errorf("got %q", a.events)
	}
}
