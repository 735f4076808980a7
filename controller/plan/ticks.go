package plan

import (
	"time"
)

// TicksOf is whose ticks a change of the state is about: a definition as it is now.
type TicksOf struct {
	Name     string
	UID      string    // of the NodeCronJob
	Created  time.Time // the NodeCronJob: earlier ticks are not its own
	Schedule string    // ScheduleText
}

// TicksOf returns the processed ticks of a definition. If its NodeCronJob was created anew,
// or is new, ticks count from its creation, unless later ones were processed: the clock of
// the API server may be behind.
func (s State) TicksOf(d TicksOf) Ticks {
	t := s.Ticks[d.Name]
	if t.UID == d.UID {
		return t
	}
	return Ticks{UID: d.UID, Last: later(t.Last, whole(d.Created)), Schedule: d.Schedule}
}

// setTicks reports whether the ticks have changed.
func (s *State) setTicks(definition string, t Ticks) bool {
	if s.Ticks[definition].Equal(t) {
		return false
	}
	if s.Ticks == nil {
		s.Ticks = map[string]Ticks{}
	}
	s.Ticks[definition] = t
	return true
}

// Pass records that the ticks of a definition up to a time are processed, the last of them
// by the Execution of a UID, or by none. It reports whether the state has changed.
//
// If a tick without an Execution is passed, the UID of an earlier one stays: its Execution
// may not have begun yet.
func (s *State) Pass(d TicksOf, until time.Time, uid string) bool {
	t, until := s.TicksOf(d), whole(until)
	if t.Last.Before(until) {
		t.Last = until
		if uid != "" {
			t.Execution = uid
		}
	}
	t.Schedule = d.Schedule
	return s.setTicks(d.Name, t)
}

// Follow records the schedule of a definition that applies from now on. The ticks since the
// last one are due if known accepts the recorded schedule. Otherwise they belong to another
// schedule, and ticks of this one count only from now on. The ticks of a new NodeCronJob
// count from its creation. Follow reports whether the state has changed.
func (s *State) Follow(d TicksOf, known func(schedule string) bool, now time.Time) bool {
	t := s.TicksOf(d)
	if t.Last.IsZero() || (t.Schedule != d.Schedule && !known(t.Schedule)) {
		return s.Pass(d, now, "")
	}
	return s.setTicks(d.Name, t)
}

// ForgetDefinition removes the ticks of a definition whose NodeCronJob is gone. Those of
// another NodeCronJob of its name stay. The error is ErrBusy if an execution of the
// definition has an entry.
func (s *State) ForgetDefinition(name, uid string) error {
	if t, ok := s.Ticks[name]; !ok || t.UID != uid {
		return nil
	}
	if err := s.busy(name, ""); err != nil {
		return err
	}
	delete(s.Ticks, name)
	return nil
}
