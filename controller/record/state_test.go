package record

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

func TestStateIsReadAsItWasWritten(t *testing.T) {
	at := time.Date(2026, 11, 24, 3, 42, 0, 0, time.UTC)
	tests := map[string]struct {
		state State
	}{
		"nothing":                            {State{}},
		"a tick":                             {State{TickState: plan.TickState{LastTick: at}}},
		"a tick of a schedule":               {State{TickState: plan.TickState{LastTick: at, Schedule: "CRON_TZ=UTC 42 3 * * *"}}},
		"an execution":                       {State{TickState: plan.TickState{LastTick: at, Newest: "20261124034200"}}},
		"an execution that is being created": {State{TickState: plan.TickState{LastTick: at, Newest: "20261124034200", Pending: &execution.Firing{Trigger: execution.Manual, Scheduled: at}}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, problems := parseState(&corev1.ConfigMap{Data: tt.state.data()})
			got.Object = nil
			if diff := cmp.Diff(tt.state, got); diff != "" || len(problems) > 0 {
				t.Errorf("problems %q, state (-want +got):\n%s", problems, diff)
			}
		})
	}
}

func TestDamagedStateIsForgotten(t *testing.T) {
	tests := map[string]struct {
		data map[string]string
		want int // problems
	}{
		"a tick that is not a time":    {map[string]string{lastTickKey: "yesterday"}, 1},
		"an invalid ID":                {map[string]string{newestKey: "../x"}, 1},
		"an opening without a time":    {map[string]string{newestKey: "20261124034200", openingKey: "cron"}, 1},
		"an opening without a trigger": {map[string]string{newestKey: "20261124034200", openingKey: " 2026-11-24T03:42:00Z"}, 1},
		"an opening without an ID":     {map[string]string{openingKey: "cron 2026-11-24T03:42:00Z"}, 0},
		"keys of another tool":         {map[string]string{"note": "mine"}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, problems := parseState(&corev1.ConfigMap{Data: tt.data})
			if len(problems) != tt.want || s.Pending != nil || !s.LastTick.IsZero() {
				t.Errorf("got %+v, problems %q, want %d", s, problems, tt.want)
			}
			if got := s.data()["note"]; got != tt.data["note"] {
				t.Errorf("note: got %q, want %q", got, tt.data["note"])
			}
		})
	}
}
