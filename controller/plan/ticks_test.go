package plan

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFollow(t *testing.T) {
	last, now := stateTick, stateTick.Add(6*time.Hour)
	line := func(schedule string, last time.Time) State {
		return State{Ticks: map[string]Ticks{"probe": {UID: probe.UID, Last: last, Execution: "e", Opened: last, Schedule: schedule}}}
	}
	recreated := func(last time.Time) State {
		return State{Ticks: map[string]Ticks{"probe": {UID: "old", Last: last, Execution: "e", Opened: last, Schedule: "b"}}}
	}
	tests := map[string]struct {
		state State
		known bool // the schedule of the state, to the process
		want  Ticks
	}{
		"the NodeCronJob is new":                            {State{}, false, Ticks{Last: probe.Created}},
		"the schedule is the same":                          {line(probe.Schedule, last), false, Ticks{Last: last, Execution: "e", Opened: last}},
		"it was changed while no replica led":               {line("b", last), false, Ticks{Last: now, Execution: "e", Opened: last}},
		"it was changed under a standby that saw it":        {line("b", last), true, Ticks{Last: last, Execution: "e", Opened: last, Schedule: "b"}},
		"it was changed after the clock was ahead":          {line("b", now.Add(time.Hour)), false, Ticks{Last: now.Add(time.Hour), Execution: "e", Opened: now.Add(time.Hour)}},
		"the NodeCronJob was created anew":                  {recreated(probe.Created.Add(-time.Hour)), false, Ticks{Last: probe.Created}},
		"the same, and the API server's clock is behind":    {recreated(last), false, Ticks{Last: last}},
		"the same, with a schedule that the process knows":  {recreated(last), true, Ticks{Last: last}},
		"the state was damaged, and does not say last tick": {line(probe.Schedule, time.Time{}), false, Ticks{Last: now, Execution: "e"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := tt.state.Clone()
			changed := s.Follow(probe, func(string) bool { return tt.known }, now)
			want := tt.want
			want.UID, want.Schedule = probe.UID, orElse(want.Schedule, probe.Schedule)
			if diff := cmp.Diff(want, s.Ticks["probe"]); diff != "" {
				t.Errorf("ticks (-want +got):\n%s", diff)
			}
			if changed == s.Equal(tt.state) {
				t.Errorf("changed: %t", changed)
			}
			if s.Follow(probe, func(string) bool { return tt.known }, now) {
				t.Errorf("changed again")
			}
		})
	}
}

func TestPass(t *testing.T) {
	later := stateNow.Add(700 * time.Millisecond)
	tests := map[string]struct {
		last  time.Time
		until time.Time
		uid   string
		want  Ticks
	}{
		"a tick with an Execution":            {stateTick.Add(-time.Minute), later, "e", Ticks{Last: stateNow, Execution: "e"}},
		"a tick that is skipped":              {stateTick.Add(-time.Minute), later, "", Ticks{Last: stateNow, Execution: "x"}},
		"the same second":                     {stateNow, later, "e", Ticks{Last: stateNow, Execution: "x"}},
		"a tick that was processed before":    {stateNow, stateTick, "e", Ticks{Last: stateNow, Execution: "x"}},
		"the last tick was never known":       {time.Time{}, later, "e", Ticks{Last: stateNow, Execution: "e"}},
		"the clock was ahead at the last one": {later.Add(time.Hour), later, "e", Ticks{Last: later.Add(time.Hour), Execution: "x"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before := processed(tt.last, "x")
			s := before.Clone()
			changed := s.Pass(probe, tt.until, tt.uid)
			want := tt.want
			want.UID, want.Schedule = probe.UID, probe.Schedule
			if diff := cmp.Diff(want, s.Ticks["probe"]); diff != "" {
				t.Errorf("ticks (-want +got):\n%s", diff)
			}
			if changed == s.Equal(before) {
				t.Errorf("changed: %t", changed)
			}
		})
	}
}

func TestForgetDefinition(t *testing.T) {
	tests := map[string]struct {
		uid     string
		entries []Entry
		damaged []string
		wantErr error
		want    bool // it is forgotten
	}{
		"it is gone":                       {uid: probe.UID, entries: []Entry{{UID: "x", Definition: "audit"}}, want: true},
		"another one of its name is there": {uid: "old"},
		"an execution of it may run":       {uid: probe.UID, entries: []Entry{{UID: "e", Definition: "probe"}}, wantErr: ErrBusy},
		"an entry is damaged":              {uid: probe.UID, damaged: []string{"?"}, wantErr: ErrDamaged},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := processed(stateTick, "e")
			s.Entries, s.Damaged = tt.entries, tt.damaged
			err := s.ForgetDefinition("probe", tt.uid)
			if _, there := s.Ticks["probe"]; !errors.Is(err, tt.wantErr) || there == tt.want {
				t.Errorf("got %v, still there: %t", err, there)
			}
		})
	}
}
