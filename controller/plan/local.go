package plan

import (
	"time"

	"github.com/robfig/cron/v3"
)

// localTicks are the ticks of cron fields in a zone: the minutes of UTC whose
// local time matches. A time that clocks skip has none, and one that they
// repeat has two.
//
// The library searches local times, and where a clock changes it goes on by a
// whole hour: it overlooks ticks where clocks change by half an hour, or by
// two. It searches rightly while the offset stays the same, and so is asked for
// one such period after the other.
type localTicks struct{ *cron.SpecSchedule }

// longestSearch is how far ahead the library itself looks: a leap day is found
// in it, but for the turn of a century.
const longestSearch = 5 * 366 * 24 * time.Hour

// Next returns the first tick after t, or the zero time if there is none for
// years.
func (l localTicks) Next(t time.Time) time.Time {
	for after := t; after.Sub(t) <= longestSearch; {
		local := after.Add(1).In(l.Location) // the earliest time that a tick may have
		_, offset := local.Zone()
		_, end := local.ZoneBounds()
		period := *l.SpecSchedule
		period.Location = time.FixedZone("", offset)
		next := period.Next(after)
		if next.IsZero() {
			break
		}
		if end.IsZero() || next.Before(end) {
			return next.In(t.Location())
		}
		after = end.Add(-1)
	}
	return time.Time{}
}
