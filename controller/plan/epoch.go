package plan

import "time"

// maxEpochs bounds how many schedules are kept. Missed ticks of older schedules
// are not run late.
const maxEpochs = 16

// scheduleEpoch is a schedule and the time from which it applies.
type scheduleEpoch struct {
	Schedule
	from time.Time // zero: always
}

// scheduleEpochs are successive schedules, the oldest first.
type scheduleEpochs []scheduleEpoch

// Changed returns a schedule that is before up to and including at, and after
// from then on.
//
// Due then needs no special case for a change: a pending tick of the old schedule
// is not lost, and no tick of the new schedule from before the change runs late.
func Changed(before, after Schedule, at time.Time) Schedule {
	all, ok := before.(scheduleEpochs)
	if !ok {
		all = scheduleEpochs{{before, time.Time{}}}
	}
	all = append(all[max(0, len(all)+1-maxEpochs):len(all):len(all)], scheduleEpoch{after, at})
	return all
}

// Next implements Schedule.
func (e scheduleEpochs) Next(t time.Time) time.Time {
	for i, epoch := range e {
		last := i == len(e)-1
		if !last && !t.Before(e[i+1].from) {
			continue // it ended at or before t
		}
		if t.Before(epoch.from) {
			t = epoch.from
		}
		next := epoch.Next(t)
		if last || (!next.IsZero() && !next.After(e[i+1].from)) {
			return next
		}
	}
	return time.Time{}
}
