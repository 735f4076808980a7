package plan

import "time"

const (
	// MaxMissed is the largest number of missed ticks that Due counts: it means
	// that many or more.
	MaxMissed = 1000
	// maxDefaultDeadline keeps an execution of a rare schedule from starting long
	// after an operator expects it.
	maxDefaultDeadline = time.Hour
)

// Due returns the most recent scheduled time in (last, now], unless it is older
// than startingDeadline, and how many other ticks since last were missed. It
// returns the zero time if no tick is due. A startingDeadline of 0 means none.
//
// last is the scheduled time of the latest execution, or, for the first execution,
// the time from which ticks count. If last is zero, or the clock has been set back
// behind last, no tick is due.
//
// As in mostRecentScheduleTime of Kubernetes' CronJob controller, only the most
// recent tick counts, and a long outage costs no walk over every tick. Kubernetes
// extrapolates from the first two ticks, and so overlooks ticks of an irregular
// schedule; this function searches the last tick.
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

// NextTick returns the next scheduled time that starts an execution. It is after
// now, and after last, the last processed tick, which is in the future if a clock
// was ahead. It reports whether that passes over ticks. A zero last means none.
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
	// Ticks are whole seconds apart.
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

// DefaultStartingDeadline returns the default of startingDeadline: one period of
// the schedule, and at most an hour.
func DefaultStartingDeadline(s Schedule, now time.Time) time.Duration {
	first := s.Next(now)
	second := s.Next(first)
	if first.IsZero() || second.IsZero() {
		return maxDefaultDeadline
	}
	return min(second.Sub(first), maxDefaultDeadline)
}
