package plan

import (
	"time"

	"github.com/robfig/cron/v3"
)

// localTicks are the ticks of cron fields in a time zone: the minutes of UTC whose
// local time matches. A local time that a clock change skips has no tick, and a
// repeated local time has two.
//
// The library searches local times and steps over a clock change by one hour. It
// overlooks ticks where clocks change by half an hour or two hours. Its search is
// correct while the offset is constant, so this type searches one period of
// constant offset after another.
type localTicks struct{ *cron.SpecSchedule }

// longestSearch is how far ahead the library searches. It contains a leap day,
// except around the turn of most centuries.
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
