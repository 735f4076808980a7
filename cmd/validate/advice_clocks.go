package validate

import (
	"fmt"
	"strings"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

const (
	everyPrefix = "@every " // of a schedule without times of day
	// More frequent executions are not worth a warning.
	rareExecutions = 6 * time.Hour
	aYear          = 366 * 24 * time.Hour
)

// adviseClocks warns of a time that does not exist, or occurs twice, on a day of the
// coming year because clocks change.
func (c *checking) adviseClocks() {
	if c.period < rareExecutions || strings.HasPrefix(c.Config.CronExpression, everyPrefix) {
		return
	}
	var days []string
	for at := c.Times[0]; ; {
		_, change := at.ZoneBounds()
		if change.IsZero() || change.Sub(c.Times[0]) > aYear {
			break
		}
		if what := c.atChange(change); what != "" {
			days = append(days, fmt.Sprintf("%s on %s", what, change.Format(time.DateOnly)))
		}
		at = change
	}
	if len(days) > 0 {
		c.warn(c.key("cronExpression"), "clocks change in %s, and the time %s: choose another hour, or timeZone: UTC",
			c.Config.TimeZone, strings.Join(days, " and "))
	}
}

// atChange describes the effect of a clock change on the schedule.
func (c *checking) atChange(change time.Time) string {
	_, before := change.Add(-time.Second).Zone()
	_, after := change.Zone()
	shift := time.Duration(after-before) * time.Second
	if shift > 0 {
		skipped := change.UTC().Add(time.Duration(before) * time.Second)
		if firesIn(c.onPaper, skipped, skipped.Add(shift)) {
			return "does not exist"
		}
		return ""
	}
	if firesIn(c.schedule, change.Add(shift), change) && firesIn(c.schedule, change, change.Add(-shift)) {
		return "occurs twice"
	}
	return ""
}

// firesIn reports whether a schedule has a tick in [from, until).
func firesIn(s plan.Schedule, from, until time.Time) bool {
	next := s.Next(from.Add(-time.Second))
	return !next.IsZero() && next.Before(until)
}
