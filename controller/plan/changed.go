package plan

import "time"

// maxEras bounds how many schedules are remembered. Ticks from before so many
// changes are not made up for.
const maxEras = 16

// era is a schedule and from when on it applies.
type era struct {
	Schedule
	from time.Time // zero: always
}

// eras are schedules that followed each other, the oldest first.
type eras []era

// Changed returns the schedule that is the first until a time, and the second
// after it. A tick of the first that falls on the very time belongs to it.
//
// To whoever asks what is due, a change is then no special case: a tick of the
// first that nobody has dealt with yet is not lost, and no tick of the second is
// made up for that was before anybody asked for it.
func Changed(before, after Schedule, at time.Time) Schedule {
	all, ok := before.(eras)
	if !ok {
		all = eras{{before, time.Time{}}}
	}
	all = append(all[max(0, len(all)+1-maxEras):len(all):len(all)], era{after, at})
	return all
}

// Next implements Schedule.
func (e eras) Next(t time.Time) time.Time {
	for i, one := range e {
		last := i == len(e)-1
		if !last && !t.Before(e[i+1].from) {
			continue // it was over by then
		}
		if t.Before(one.from) {
			t = one.from
		}
		next := one.Next(t)
		if last || (!next.IsZero() && !next.After(e[i+1].from)) {
			return next
		}
	}
	return time.Time{}
}
