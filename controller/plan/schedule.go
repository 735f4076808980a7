package plan

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Schedule tells when executions start.
type Schedule interface {
	// Next returns the first scheduled time after t, or the zero time if there
	// is none.
	Next(t time.Time) time.Time
}

// minPeriod is the shortest time between two executions: that of five cron fields.
// Only @every could be shorter.
const minPeriod = time.Minute

// ParseSchedule parses a cron expression of five fields, or a descriptor such as
// @daily or @every 6h, in a time zone of the IANA database. An empty timeZone means
// UTC. The time zone may also be a prefix of the expression, as with the
// predecessor, but not together with timeZone.
//
// A schedule that never fires after now is an error.
func ParseSchedule(expression, timeZone string, now time.Time) (Schedule, error) {
	prefix, fields := SplitTimeZone(expression)
	switch {
	case prefix != "" && fields == "":
		return nil, fmt.Errorf("time zone prefix %q: must be followed by a schedule", prefix)
	case fields == "":
		return nil, errors.New("must not be empty: five fields such as \"42 3 * * *\", or a descriptor such as @daily")
	}
	if prefix != "" {
		if timeZone != "" {
			return nil, fmt.Errorf("has the time zone prefix %q and timeZone is set: set only one of them", prefix)
		}
		_, timeZone, _ = strings.Cut(prefix, "=")
		if timeZone == "" {
			return nil, fmt.Errorf("time zone prefix %q: must name a zone, such as CRON_TZ=Europe/Zurich", prefix)
		}
	}
	location, err := ParseTimeZone(timeZone)
	if err != nil {
		return nil, err
	}
	parsed, err := parseCron("CRON_TZ=" + location.String() + " " + fields)
	if err != nil {
		return nil, err
	}
	s := panicSafe{parsed}
	first := s.Next(now)
	if first.IsZero() {
		return nil, errors.New("never fires: no such date exists")
	}
	if second := s.Next(first); !second.IsZero() && second.Sub(first) < minPeriod {
		return nil, fmt.Errorf("fires every %s: must be at least %s", second.Sub(first), minPeriod)
	}
	return s, nil
}

// ScheduleText returns an expression and its time zone as one text. It is the same
// for all ways to write the zone, so that equal schedules have equal texts.
func ScheduleText(expression, timeZone string) string {
	prefix, fields := SplitTimeZone(expression)
	if _, zone, ok := strings.Cut(prefix, "="); ok {
		timeZone = zone
	}
	if timeZone == "" {
		timeZone = time.UTC.String()
	}
	return "CRON_TZ=" + timeZone + " " + strings.Join(strings.Fields(fields), " ")
}

// SplitTimeZone takes the prefix TZ=zone or CRON_TZ=zone off an expression.
// The prefix is returned as it was written, and is empty if there is none.
func SplitTimeZone(expression string) (prefix, fields string) {
	expression = strings.TrimSpace(expression)
	if !strings.HasPrefix(expression, "TZ=") && !strings.HasPrefix(expression, "CRON_TZ=") {
		return "", expression
	}
	i := strings.IndexAny(expression, " \t")
	if i < 0 {
		return expression, ""
	}
	return expression[:i], strings.TrimSpace(expression[i:])
}

// ParseTimeZone returns the time zone of a name from the IANA database. An empty
// name means UTC. Local is rejected: it would be the zone of the leader's machine.
func ParseTimeZone(name string) (*time.Location, error) {
	switch name {
	case "":
		return time.UTC, nil
	case "Local":
		return nil, errors.New("time zone Local: must be a name of the IANA database, such as Europe/Zurich")
	}
	location, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("unknown time zone %q: must be a name of the IANA database, such as Europe/Zurich", name)
	}
	return location, nil
}

// parseCron returns the library's panics on some invalid expressions as errors.
func parseCron(spec string) (s cron.Schedule, err error) {
	defer func() {
		if r := recover(); r != nil {
			s, err = nil, fmt.Errorf("invalid cron expression: %v", r)
		}
	}()
	s, err = cron.ParseStandard(spec)
	if fields, ok := s.(*cron.SpecSchedule); ok {
		s = localTicks{fields}
	}
	return s, err
}

// panicSafe is a schedule of the library. A panic in it counts as no next tick.
type panicSafe struct{ cron.Schedule }

func (c panicSafe) Next(t time.Time) (next time.Time) {
	defer func() {
		if recover() != nil {
			next = time.Time{}
		}
	}()
	return c.Schedule.Next(t)
}

// period returns the time between two ticks of an @every schedule, whose ticks
// depend on the previous tick instead of the clock; otherwise 0.
func (c panicSafe) period() time.Duration {
	if every, ok := c.Schedule.(cron.ConstantDelaySchedule); ok {
		return every.Delay
	}
	return 0
}
