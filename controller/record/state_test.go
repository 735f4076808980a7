package record

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestStateBeginsEachExecutionOnce(t *testing.T) {
	tick := time.Date(2026, 11, 24, 3, 42, 0, 0, time.UTC)
	now := tick.Add(5 * time.Second)
	tests := map[string]struct {
		state   State
		trigger execution.Trigger
		wantID  execution.ID // empty: it does not begin
	}{
		"the first ever":                          {State{}, execution.Cron, "20261124034200"},
		"a tick after the last":                   {State{LastTick: tick.Add(-time.Minute), Newest: "20261124034100"}, execution.Cron, "20261124034200"},
		"a tick that was dealt with":              {State{LastTick: tick}, execution.Cron, ""},
		"a tick that was passed over":             {State{LastTick: tick.Add(time.Hour)}, execution.Cron, ""},
		"another one is being opened":             {State{Pending: &execution.Firing{Trigger: execution.Startup, Scheduled: tick}, Newest: "20261124034100"}, execution.Cron, ""},
		"a start-up in the second of another":     {State{LastTick: tick, Newest: "20261124034200"}, execution.Startup, "20261124034201"},
		"a start-up after the clock was set back": {State{LastTick: tick, Newest: "20271124034200"}, execution.Startup, "20271124034201"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := tt.state
			begins := s.Begin("", execution.Firing{Trigger: tt.trigger, Scheduled: tick}, now)
			if begins != (tt.wantID != "") || (begins && s.Newest != tt.wantID) {
				t.Errorf("begins: %t, with the ID %s, want %q", begins, s.Newest, tt.wantID)
			}
			if begins && tt.trigger == execution.Cron && !s.LastTick.Equal(now) {
				t.Errorf("last tick: got %s, want %s", s.LastTick, now)
			}
		})
	}
}

func TestStateFollowsTheSchedule(t *testing.T) {
	last := time.Date(2026, 11, 24, 3, 42, 0, 0, time.UTC)
	now := last.Add(6 * time.Hour)
	tests := map[string]struct {
		state    State
		known    bool // the schedule of the state, to the process
		wantLast time.Time
		wantNews bool
	}{
		"the first start":                             {State{}, false, now, true},
		"the schedule is the same":                    {State{LastTick: last, Schedule: "a"}, true, last, false},
		"it was changed while no replica led":         {State{LastTick: last, Schedule: "b"}, false, now, true},
		"it was changed under a standby that saw it":  {State{LastTick: last, Schedule: "b"}, true, last, false},
		"it was changed after the clock was ahead":    {State{LastTick: now.Add(time.Hour), Schedule: "b"}, false, now.Add(time.Hour), true},
		"a state of before does not say the schedule": {State{LastTick: last}, false, last, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := tt.state
			news := s.Follow("a", func(string) bool { return tt.known }, now)
			if news != tt.wantNews || !s.LastTick.Equal(tt.wantLast) {
				t.Errorf("news: %t, last tick %s, want %t, %s", news, s.LastTick, tt.wantNews, tt.wantLast)
			}
			if news && s.Schedule != "a" {
				t.Errorf("schedule: got %q, want a", s.Schedule)
			}
		})
	}
}

func TestStateIsReadAsItWasWritten(t *testing.T) {
	at := time.Date(2026, 11, 24, 3, 42, 0, 0, time.UTC)
	tests := map[string]struct {
		state State
	}{
		"nothing":                  {State{}},
		"a tick":                   {State{LastTick: at}},
		"a tick of a schedule":     {State{LastTick: at, Schedule: "CRON_TZ=UTC 42 3 * * *"}},
		"an execution":             {State{LastTick: at, Newest: "20261124034200"}},
		"one that is being opened": {State{LastTick: at, Newest: "20261124034200", Pending: &execution.Firing{Trigger: execution.Manual, Scheduled: at}}},
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
		"a tick that is no time":       {map[string]string{lastTickKey: "yesterday"}, 1},
		"an ID that is none":           {map[string]string{newestKey: "../x"}, 1},
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
