package plan

import (
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func TestStateBeginsEachExecutionOnce(t *testing.T) {
	tick := time.Date(2026, 11, 24, 3, 42, 0, 0, time.UTC)
	now := tick.Add(5 * time.Second)
	tests := map[string]struct {
		state   TickState
		trigger execution.Trigger
		wantID  execution.ID // empty: it does not begin
	}{
		"the first ever":                          {TickState{}, execution.Cron, "20261124034200"},
		"a tick after the last":                   {TickState{LastTick: tick.Add(-time.Minute), Newest: "20261124034100"}, execution.Cron, "20261124034200"},
		"a tick that was dealt with":              {TickState{LastTick: tick}, execution.Cron, ""},
		"a tick that was passed over":             {TickState{LastTick: tick.Add(time.Hour)}, execution.Cron, ""},
		"another one is being opened":             {TickState{Pending: &execution.Firing{Trigger: execution.Startup, Scheduled: tick}, Newest: "20261124034100"}, execution.Cron, ""},
		"a start-up in the second of another":     {TickState{LastTick: tick, Newest: "20261124034200"}, execution.Startup, "20261124034201"},
		"a start-up after the clock was set back": {TickState{LastTick: tick, Newest: "20271124034200"}, execution.Startup, "20271124034201"},
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
		state    TickState
		known    bool // the schedule of the state, to the process
		wantLast time.Time
		wantNews bool
	}{
		"the first start":                             {TickState{}, false, now, true},
		"the schedule is the same":                    {TickState{LastTick: last, Schedule: "a"}, true, last, false},
		"it was changed while no replica led":         {TickState{LastTick: last, Schedule: "b"}, false, now, true},
		"it was changed under a standby that saw it":  {TickState{LastTick: last, Schedule: "b"}, true, last, false},
		"it was changed after the clock was ahead":    {TickState{LastTick: now.Add(time.Hour), Schedule: "b"}, false, now.Add(time.Hour), true},
		"a state of before does not say the schedule": {TickState{LastTick: last}, false, last, true},
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
