package plan

import "time"

const (
	// MaxMissed is the largest number of missed ticks that Due counts: it
	// stands for that many or more.
	MaxMissed = 1000
	// maxDefaultDeadline keeps a rare execution from being made up for long
	// after anybody expects it.
	maxDefaultDeadline = time.Hour
)

// Due returns the most recent scheduled time in (last, now], unless it is
// older than startingDeadline, and how many others since last were passed
// over. It returns the zero time if none is due. A startingDeadline of 0 is
// none.
//
// Last is the scheduled time of the latest execution, or for the first one the
// time from which ticks count: with a zero last, and after the clock has been
// set back behind last, none is due.
//
// That only the most recent tick counts, and that a long outage must not cost
// a walk over every tick, is what the CronJob controller of Kubernetes does in
// mostRecentScheduleTime. It extrapolates from the first two ticks, and so
// overlooks ticks of an irregular schedule; here the last tick is searched.
func Due(s Schedule, last, now time.Time, startingDeadline time.Duration) (at time.Time, missed int) {
	if last.IsZero() || !last.Before(now) {
		return time.Time{}, 0
	}
	at, passed := last, 0
	for passed < MaxMissed {
		next := s.Next(at)
		if next.IsZero() || next.After(now) {
			break
		}
		at, passed = next, passed+1
	}
	if passed == 0 {
		return time.Time{}, 0
	}
	missed = passed - 1
	if passed == MaxMissed {
		if latest := latestTick(s, at, now); latest.After(at) {
			at, missed = latest, MaxMissed
		}
	}
	if startingDeadline > 0 && now.Sub(at) > startingDeadline {
		return time.Time{}, min(missed+1, MaxMissed)
	}
	return at, missed
}

// NextTick returns the first scheduled time that begins an execution. It is after
// now, and after last, until which ticks were dealt with: that is in the future
// if a clock was ahead. It reports whether ticks before it are passed over for
// that. A zero last is none.
func NextTick(s Schedule, last, now time.Time) (next time.Time, passedOver bool) {
	soonest := s.Next(now)
	if last.IsZero() {
		return soonest, false
	}
	if next = s.Next(last); next.After(now) || next.IsZero() {
		return next, !soonest.IsZero() && !soonest.After(last)
	}
	return soonest, false
}

// latestTick returns the last tick that is not after now, from an earlier one.
func latestTick(s Schedule, tick, now time.Time) time.Time {
	if p, ok := s.(interface{ period() time.Duration }); ok && p.period() > 0 {
		return tick.Add(now.Sub(tick).Truncate(p.period()))
	}
	// Ticks are whole seconds apart: within one there is none to be found.
	for none := now; none.Sub(tick) > time.Second; {
		middle := tick.Add(none.Sub(tick) / 2)
		if next := s.Next(middle); next.IsZero() || next.After(now) {
			none = middle
		} else {
			tick = next
		}
	}
	return tick
}

// DefaultStartingDeadline returns how late an execution may begin when the
// configuration does not say: one period of the schedule, and at most an hour.
func DefaultStartingDeadline(s Schedule, now time.Time) time.Duration {
	first := s.Next(now)
	second := s.Next(first)
	if first.IsZero() || second.IsZero() {
		return maxDefaultDeadline
	}
	return min(second.Sub(first), maxDefaultDeadline)
}
