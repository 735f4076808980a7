package plan

import (
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// TickState is which ticks were processed, and which execution begins. Each change is
// written before it counts (record.State).
type TickState struct {
	LastTick time.Time
	Schedule string // at the last tick; empty: not recorded
	Newest   execution.ID
	Pending  *execution.Firing // nil: the newest execution's record was created
}

// Pass records that the ticks of a schedule up to a time are processed. It reports
// whether the state has changed.
func (s *TickState) Pass(schedule string, until time.Time) bool {
	if !s.LastTick.Before(until) && s.Schedule == schedule {
		return false
	}
	s.Schedule = schedule
	if s.LastTick.Before(until) {
		s.LastTick = until
	}
	return true
}

// Follow records the schedule that applies from now on. The ticks since the last one
// are due if known accepts the recorded schedule, or if none is recorded. Otherwise they
// belong to another schedule, and ticks of this one count only from now on.
func (s *TickState) Follow(schedule string, known func(string) bool, now time.Time) bool {
	switch {
	case s.LastTick.IsZero(): // the first startup: no tick was missed
	case s.Schedule == "":
		s.Schedule = schedule
		return true
	case known(s.Schedule):
		return false
	}
	return s.Pass(schedule, now)
}

// Begin records that an execution is about to open, and allocates its ID. It returns false
// if another execution is about to open, or if the firing's tick has been processed.
func (s *TickState) Begin(schedule string, firing execution.Firing, now time.Time) bool {
	if s.Pending != nil || (firing.Trigger == execution.Cron && !s.LastTick.Before(firing.Scheduled)) {
		return false
	}
	s.Newest = s.nextID(firing.Scheduled)
	s.Pending = &firing
	if firing.Trigger == execution.Cron {
		s.LastTick, s.Schedule = now, schedule
	}
	return true
}

func (s *TickState) nextID(scheduled time.Time) execution.ID {
	id := execution.NewID(scheduled)
	if s.Newest != "" && id <= s.Newest {
		return s.Newest.Next()
	}
	return id
}
