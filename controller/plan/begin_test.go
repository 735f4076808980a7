package plan

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

var (
	stateTick = time.Date(2026, 11, 24, 3, 42, 0, 0, time.UTC)
	stateNow  = stateTick.Add(5 * time.Second)
	probe     = TicksOf{Name: "probe", UID: "n", Created: stateTick.Add(-24 * time.Hour), Schedule: "CRON_TZ=UTC 42 3 * * *"}
)

// processed is a state in which the ticks of the definition up to a time are processed, the
// last one by the Execution of a UID.
func processed(last time.Time, uid string) State {
	return State{Ticks: map[string]Ticks{probe.Name: {UID: probe.UID, Last: last, Execution: uid, Schedule: probe.Schedule}}}
}

func TestBegin(t *testing.T) {
	before := stateTick.Add(-time.Minute)
	entry := Entry{UID: "e", Name: "probe-1", Definition: "probe", ID: "20261124034100", Share: execution.NoShare}
	of := func(uid, definition string, share int) Entry {
		return Entry{UID: uid, Name: uid, Definition: definition, ID: "20261124034100", Share: share}
	}
	tests := map[string]struct {
		state     State
		trigger   execution.Trigger // default: cron
		scheduled time.Time         // default: the tick
		queued    bool
		after     execution.ID
		share     int
		maxPods   int
		wantID    execution.ID
		wantErr   error
		wantLast  time.Time // default: that of before
		wantUID   string    // of the last tick's Execution
		wantShare int       // default: execution.NoShare
	}{
		"the first ever":                                 {wantID: "20261124034200", wantLast: stateNow, wantUID: "e"},
		"a tick after the last":                          {state: processed(before, "x"), wantID: "20261124034200", wantLast: stateNow, wantUID: "e"},
		"a tick that was processed for it":               {state: processed(stateNow, "e"), wantID: "20261124034200", wantLast: stateNow, wantUID: "e"},
		"a tick that was processed for another":          {state: processed(stateTick, "x"), wantErr: ErrPassed},
		"a tick that was skipped":                        {state: processed(stateTick, ""), wantErr: ErrPassed},
		"a tick whose execution has waited for the next": {state: processed(stateNow, "x"), queued: true, wantID: "20261124034200", wantLast: stateNow, wantUID: "x"},
		"a tick of the future":                           {scheduled: stateNow.Add(time.Second), wantErr: ErrEarly},
		"a tick from before the NodeCronJob was created": {scheduled: probe.Created, wantErr: ErrPassed},
		"a start-up, and a tick is due":                  {state: processed(before, "x"), trigger: execution.Startup, wantID: "20261124034200", wantLast: before, wantUID: "x"},
		"a person, in the second of another definition":  {state: State{Newest: "20261124034200"}, trigger: execution.Manual, wantID: "20261124034201", wantLast: probe.Created},
		"a person who says a time in the future":         {trigger: execution.Manual, scheduled: stateNow.Add(time.Hour), wantID: "20261124034205", wantLast: probe.Created},
		"after the clock was set back":                   {state: State{Newest: "20271124034200"}, wantID: "20271124034201", wantLast: stateNow, wantUID: "e"},
		"after the state was deleted":                    {after: "20261124034210", wantID: "20261124034211", wantLast: stateNow, wantUID: "e"},
		"it has begun":                                   {state: State{Newest: "20261124034100", Entries: []Entry{entry}}, wantID: "20261124034100", wantShare: execution.NoShare},
		"another one of the definition is open":          {state: State{Entries: []Entry{of("x", "probe", execution.NoShare)}}, wantErr: ErrBusy},
		"it has begun, and another one is open":          {state: State{Entries: []Entry{entry, of("x", "probe", execution.NoShare)}}, wantErr: ErrBusy},
		"another definition is busy":                     {state: State{Entries: []Entry{of("x", "audit", execution.NoShare)}}, wantID: "20261124034200", wantLast: stateNow, wantUID: "e"},
		"an entry is damaged":                            {state: State{Damaged: []string{"?"}}, wantErr: ErrDamaged},
		"the state is being restored":                    {state: State{Restoring: true, Entries: []Entry{entry}}, wantErr: ErrRestoring},
		"with a cap":                                     {state: State{Entries: []Entry{of("x", "audit", 7)}}, share: 3, maxPods: 10, wantID: "20261124034200", wantLast: stateNow, wantUID: "e", wantShare: 3},
		"with a cap, and too little is free":             {state: State{Entries: []Entry{of("x", "audit", 8)}}, share: 3, maxPods: 10, wantErr: ErrNoRoom},
		"with a cap that is exceeded, and it wants none": {state: State{Entries: []Entry{of("x", "audit", 20)}}, maxPods: 10, wantID: "20261124034200", wantLast: stateNow, wantUID: "e", wantShare: 0},
		"with a cap that was introduced, and it wants":   {state: State{Entries: []Entry{of("x", "audit", execution.NoShare)}}, share: 1, maxPods: 10, wantErr: ErrNoRoom},
		"with a cap that was introduced, it wants none":  {state: State{Entries: []Entry{of("x", "audit", execution.NoShare)}}, maxPods: 10, wantID: "20261124034200", wantLast: stateNow, wantUID: "e", wantShare: 0},
		"no ID is left":                                  {state: State{Newest: "99991231235959"}, wantErr: errAny},
		"its NodeCronJob was created anew":               {state: State{Ticks: map[string]Ticks{"probe": {UID: "old", Last: before, Execution: "x"}}}, wantID: "20261124034200", wantLast: stateNow, wantUID: "e"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := tt.state.Clone()
			b := Beginning{Definition: probe, UID: "e", Name: "probe-1", Queued: tt.queued, After: tt.after, Share: tt.share, MaxPods: tt.maxPods}
			b.Firing = execution.Firing{Trigger: orElse(tt.trigger, execution.Cron), Scheduled: orElse(tt.scheduled, stateTick)}
			id, err := s.Begin(b, stateNow)
			if !is(err, tt.wantErr) || id != tt.wantID {
				t.Fatalf("got %q, %v; want %q, %v", id, err, tt.wantID, tt.wantErr)
			}
			if err != nil {
				if !s.Equal(tt.state) {
					t.Errorf("the state has changed: %+v", s)
				}
				return
			}
			e, _ := s.Entry("e")
			want := Entry{UID: "e", Name: "probe-1", Definition: "probe", ID: id, Share: execution.NoShare}
			if tt.maxPods > 0 {
				want.Share = tt.wantShare
			}
			if e != want || s.Newest != id {
				t.Errorf("newest %s, entry %+v, want %+v", s.Newest, e, want)
			}
			got, wantTicks := s.Ticks["probe"], Ticks{UID: probe.UID, Last: tt.wantLast, Execution: tt.wantUID, Opened: stateNow, Schedule: probe.Schedule}
			if _, begun := tt.state.Entry("e"); begun {
				wantTicks = tt.state.Ticks["probe"]
			}
			if diff := cmp.Diff(wantTicks, got); diff != "" {
				t.Errorf("ticks (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnotherIDIfAnObjectHasTheName(t *testing.T) {
	s := State{Newest: "20261124034259", Entries: []Entry{{UID: "x"}, {UID: "e", ID: "20261124034200"}}}
	id, err := s.NextID("e")
	if e, _ := s.Entry("e"); err != nil || id != "20261124034300" || e.ID != id || s.Newest != id {
		t.Errorf("got %q, %v, state %+v", id, err, s)
	}
	if _, err := s.NextID("y"); !errors.Is(err, ErrNoEntry) {
		t.Errorf("without an entry: got %v", err)
	}
	s.Newest = "99991231235959"
	if id, err := s.NextID("e"); err == nil {
		t.Errorf("no ID is left: got %q", id)
	}
}

func TestEntriesEndAndAreRestored(t *testing.T) {
	a, b := Entry{UID: "a", Definition: "probe", ID: "20261124034200", Share: 3}, Entry{UID: "b", Definition: "probe", ID: "20261124034100"}
	var s State
	s.Restore(a)
	s.Restore(b)
	if want := (State{Newest: a.ID, Entries: []Entry{a, b}}); !s.Equal(want) {
		t.Errorf("restored: got %+v, want %+v", s, want)
	}
	s.Restore(Entry{UID: "a", ID: "20261124034203", Share: 9})
	a.ID = "20261124034203" // its share is that of the state
	if want := (State{Newest: a.ID, Entries: []Entry{a, b}}); !s.Equal(want) {
		t.Errorf("opened under another ID: got %+v, want %+v", s, want)
	}
	s.End("a")
	s.End("a")
	if want := (State{Newest: a.ID, Entries: []Entry{b}}); !s.Equal(want) {
		t.Errorf("ended: got %+v, want %+v", s, want)
	}
}

// TestAStateThatWasDeleted keeps its ticks in the memory of a process, but no entries.
func TestAStateThatWasDeleted(t *testing.T) {
	known := State{
		Newest: "20261124034200", Grants: 3, Damaged: []string{"?"}, Entries: []Entry{{UID: "e"}},
		Ticks: map[string]Ticks{"probe": {UID: "n", Last: stateTick}, "audit": {UID: "m", Last: stateTick}},
	}
	want := State{Newest: known.Newest, Grants: 3, Ticks: known.Ticks, Restoring: true}
	if got := known.Lost(); !got.Equal(want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	created := State{ // by another leader
		Newest: "20261124034300", Restoring: true,
		Ticks: map[string]Ticks{"probe": {UID: "n2", Last: stateNow}, "other": {UID: "o"}},
	}
	want = State{
		Newest: "20261124034300", Grants: 3, Restoring: true,
		Ticks: map[string]Ticks{"probe": {UID: "n2", Last: stateNow}, "other": {UID: "o"}, "audit": {UID: "m", Last: stateTick}},
	}
	created.Recall(known)
	if diff := cmp.Diff(want, created); diff != "" {
		t.Errorf("with what another leader knows (-want +got):\n%s", diff)
	}
	created.Restore(Entry{UID: "e", Name: "probe-1", Definition: "probe"})
	if err := created.Grant("e", 1, 10); !errors.Is(err, ErrRestoring) {
		t.Errorf("grant: got %v", err)
	}
	if err := created.Lower("e", 0); !errors.Is(err, ErrRestoring) {
		t.Errorf("lower: got %v", err)
	}
}

// errAny stands for an error that no caller tells apart.
var errAny = errors.New("any")

func is(err, want error) bool { return errors.Is(err, want) || (errors.Is(want, errAny) && err != nil) }

func orElse[T comparable](value, instead T) T {
	var zero T
	if value == zero {
		return instead
	}
	return value
}
