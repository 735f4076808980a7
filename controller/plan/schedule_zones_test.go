package plan

import (
	"archive/zip"
	"go/build"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// zones returns the names of the IANA database that is part of Go.
func zones(t *testing.T) []string {
	t.Helper()
	database, err := zip.OpenReader(filepath.Join(build.Default.GOROOT, "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = database.Close() }()
	var names []string
	for _, file := range database.File {
		if !strings.HasSuffix(file.Name, "/") {
			names = append(names, file.Name)
		}
	}
	return names
}

// clockChange is a moment at which a zone changes its offset.
type clockChange struct {
	at            time.Time
	before, after int // the offsets, in seconds
}

func (c clockChange) isAnHour() bool { return c.after-c.before == 3600 || c.before-c.after == 3600 }

func clockChanges(zone *time.Location, from, to time.Time) (changes []clockChange) {
	for at := from.In(zone); at.Before(to); {
		_, end := at.ZoneBounds()
		if end.IsZero() {
			break
		}
		_, before := end.Add(-1).Zone()
		_, after := end.Zone()
		if before != after {
			changes = append(changes, clockChange{end, before, after})
		}
		at = end
	}
	return changes
}

// zoneTicks are expressions, and for each a check whether a local time is a tick.
var zoneTicks = map[string]func(local time.Time) bool{
	"0 * * * *":      func(l time.Time) bool { return l.Minute() == 0 },
	"*/20 * * * *":   func(l time.Time) bool { return l.Minute()%20 == 0 },
	"15 2 * * *":     func(l time.Time) bool { return l.Hour() == 2 && l.Minute() == 15 },
	"45 1 * * *":     func(l time.Time) bool { return l.Hour() == 1 && l.Minute() == 45 },
	"10,40 0 * * *":  func(l time.Time) bool { return l.Hour() == 0 && (l.Minute() == 10 || l.Minute() == 40) },
	"59 23 * * *":    func(l time.Time) bool { return l.Hour() == 23 && l.Minute() == 59 },
	"30 0-3 * * sun": func(l time.Time) bool { return l.Weekday() == time.Sunday && l.Hour() <= 3 && l.Minute() == 30 },
	"5 1-2 4-5 4,10 *": func(l time.Time) bool {
		return (l.Month() == 4 || l.Month() == 10) && (l.Day() == 4 || l.Day() == 5) && (l.Hour() == 1 || l.Hour() == 2) && l.Minute() == 5
	},
	"@daily": func(l time.Time) bool { return l.Hour() == 0 && l.Minute() == 0 },
}

// Around each change of a clock, a schedule ticks in just the minutes of UTC whose
// local time matches: not in a gap, and twice in the time that is repeated. The
// changes of the next two years in every zone; and since 2000 those that are
// not an hour, such as the half of Lord Howe, the two of Troll, and zones that
// moved for good.
func TestTicksAroundEveryChangeOfAClock(t *testing.T) {
	type kind struct {
		at            int64
		before, after int
	}
	tried := map[kind]bool{} // many zones change alike
	for _, name := range zones(t) {
		zone, err := ParseTimeZone(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		odd := slices.DeleteFunc(clockChanges(zone, at(t, "2000-01-01T00:00:00Z"), at(t, "2026-01-01T00:00:00Z")),
			clockChange.isAnHour)
		for _, change := range append(odd, clockChanges(zone, at(t, "2026-01-01T00:00:00Z"), at(t, "2028-01-01T00:00:00Z"))...) {
			this := kind{change.at.Unix(), change.before, change.after}
			if tried[this] {
				continue
			}
			tried[this] = true
			from := change.at.Add(-26 * time.Hour).Truncate(time.Minute)
			checkTicks(t, name, from, change.at.Add(26*time.Hour))
		}
	}
	if len(tried) < 100 {
		t.Errorf("%d changes were tried: there are more", len(tried))
	}
}

func checkTicks(t *testing.T, zone string, from, to time.Time) {
	t.Helper()
	want := map[string][]time.Time{}
	for minute := from; minute.Before(to); minute = minute.Add(time.Minute) {
		for expression, is := range zoneTicks {
			if is(minute) {
				want[expression] = append(want[expression], minute)
			}
		}
	}
	for expression := range zoneTicks {
		s, err := ParseSchedule(expression, zone, from)
		if err != nil {
			t.Fatalf("%s in %s: %v", expression, zone, err)
		}
		var got []time.Time
		for tick := s.Next(from.Add(-time.Second)); !tick.IsZero() && tick.Before(to) && len(got) <= len(want[expression]); tick = s.Next(tick) {
			got = append(got, tick)
		}
		if !slices.EqualFunc(got, want[expression], time.Time.Equal) {
			t.Errorf("%s in %s, from %s: got\n%s, want\n%s", expression, zone, from, got, want[expression])
		}
	}
}
