package plan

import (
	"strings"
	"testing"
	"time"
)

// clock is a time of one day.
func clock(text string) time.Time {
	at, err := time.Parse(time.DateTime, "2026-01-02 "+text)
	if err != nil {
		panic(err)
	}
	return at
}

func TestDueWhenTheScheduleWasChanged(t *testing.T) {
	for name, test := range map[string]struct {
		before, after string
		changed       string
		last, now     string
		want          string // empty: none is due
		wantMissed    int
	}{
		"the first tick of the new one":                          {"0 3 * * *", "*/10 * * * *", "12:05:00", "12:05:00", "12:10:00", "12:10:00", 0},
		"a tick of the new one from before the change is not":    {"0 3 * * *", "*/10 * * * *", "12:05:00", "03:00:00", "12:05:01", "", 0},
		"nor one at the time of the change":                      {"0 3 * * *", "*/10 * * * *", "12:10:00", "03:00:00", "12:10:00", "", 0},
		"a tick of the old one just before the change":           {"*/10 * * * *", "0 3 * * *", "12:10:01", "12:00:00", "12:10:02", "12:10:00", 0},
		"a tick of the old one at the time of the change":        {"*/10 * * * *", "0 3 * * *", "12:10:00", "12:00:00", "12:10:02", "12:10:00", 0},
		"a tick of the old one after the change is not":          {"*/10 * * * *", "0 3 * * *", "12:05:00", "12:00:00", "12:15:00", "", 0},
		"a tick that both have, dealt with before the change":    {"*/10 * * * *", "*/5 * * * *", "12:10:05", "12:10:00", "12:10:06", "", 0},
		"one was missed on each side, of which the last one is":  {"*/10 * * * *", "*/5 * * * *", "12:11:00", "12:05:00", "12:16:00", "12:15:00", 1},
		"an @every counts from the change, not from what it was": {"0 3 * * *", "@every 1h", "12:05:00", "03:00:00", "13:05:00", "13:05:00", 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := Changed(schedule(t, test.before, ""), schedule(t, test.after, ""), clock(test.changed))
			at, missed := Due(s, clock(test.last), clock(test.now), time.Hour)
			got := ""
			if !at.IsZero() {
				got = at.Format(time.TimeOnly)
			}
			if got != test.want || missed != test.wantMissed {
				t.Errorf("got %q and %d missed, want %q and %d", got, missed, test.want, test.wantMissed)
			}
		})
	}
}

func TestTicksOfSchedulesThatFollowedEachOther(t *testing.T) {
	s := Changed(schedule(t, "0 * * * *", ""), schedule(t, "*/10 * * * *", ""), clock("02:15:00"))
	s = Changed(s, schedule(t, "* * * * *", ""), clock("02:32:00"))
	s = Changed(s, schedule(t, "0 4 * * *", ""), clock("02:33:30"))
	var got []string
	for at := clock("00:30:00"); len(got) < 7; {
		at = s.Next(at)
		got = append(got, at.Format("15:04"))
	}
	want := "01:00 02:00 02:20 02:30 02:33 04:00 04:00"
	if text := strings.Join(got, " "); text != want {
		t.Errorf("got %s, want %s", text, want)
	}
}

func TestScheduleThatChangesForeverIsBounded(t *testing.T) {
	s := schedule(t, "0 3 * * *", "")
	for i := range 1000 {
		s = Changed(s, schedule(t, "0 3 * * *", ""), clock("12:00:00").Add(time.Duration(i)*time.Second))
	}
	if n := len(s.(scheduleEpochs)); n != maxEpochs {
		t.Errorf("got %d, want %d", n, maxEpochs)
	}
	if at, _ := Due(s, clock("00:00:00"), clock("13:00:00"), 0); !at.IsZero() {
		t.Errorf("due: got %s, want none: it is from before all that is remembered", at)
	}
}

func TestOneChangeDoesNotAlterAnother(t *testing.T) {
	first := Changed(schedule(t, "0 3 * * *", ""), schedule(t, "0 4 * * *", ""), clock("01:00:00"))
	one := Changed(first, schedule(t, "0 5 * * *", ""), clock("02:00:00"))
	Changed(first, schedule(t, "0 6 * * *", ""), clock("02:00:00"))
	if got := one.Next(clock("02:00:00")); !got.Equal(clock("05:00:00")) {
		t.Errorf("got %s, want 05:00", got)
	}
}
