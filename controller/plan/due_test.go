package plan

import (
	"testing"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func schedule(t *testing.T, expression, timeZone string) Schedule {
	t.Helper()
	s, err := ParseSchedule(expression, timeZone, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// counting fails a test that asks for more ticks than Due may.
type counting struct {
	Schedule
	calls int
}

func (c *counting) Next(t time.Time) time.Time {
	c.calls++
	return c.Schedule.Next(t)
}

func TestDue(t *testing.T) {
	tests := map[string]struct {
		expression string
		timeZone   string
		last       string // empty: zero
		now        string
		deadline   time.Duration
		want       string // empty: none is due
		wantMissed int
	}{
		"nothing is due yet": {
			expression: "0 * * * *", last: "2026-10-05T12:00:00Z", now: "2026-10-05T12:59:59Z", deadline: time.Hour,
		},
		"due to the second": {
			expression: "0 * * * *", last: "2026-10-05T12:00:00Z", now: "2026-10-05T13:00:00Z", deadline: time.Hour,
			want: "2026-10-05T13:00:00Z",
		},
		"due a little later": {
			expression: "0 * * * *", last: "2026-10-05T12:00:00Z", now: "2026-10-05T13:00:07.5Z", deadline: time.Hour,
			want: "2026-10-05T13:00:00Z",
		},
		"not a second time": {
			expression: "0 * * * *", last: "2026-10-05T13:00:00Z", now: "2026-10-05T13:00:07Z", deadline: time.Hour,
		},
		"only the most recent of several": {
			expression: "0 * * * *", last: "2026-10-05T12:00:00Z", now: "2026-10-05T15:10:00Z", deadline: time.Hour,
			want: "2026-10-05T15:00:00Z", wantMissed: 2,
		},
		"as late as allowed": {
			expression: "0 0 * * *", last: "2026-10-04T00:00:00Z", now: "2026-10-05T01:00:00Z", deadline: time.Hour,
			want: "2026-10-05T00:00:00Z",
		},
		"too late": {
			expression: "0 0 * * *", last: "2026-10-03T00:00:00Z", now: "2026-10-05T01:00:01Z", deadline: time.Hour,
			wantMissed: 2,
		},
		"never too late without a deadline": {
			expression: "0 0 1 1 *", last: "2026-01-01T00:00:00Z", now: "2027-10-05T01:00:01Z",
			want: "2027-01-01T00:00:00Z",
		},
		"never before": {
			expression: "* * * * *", now: "2026-10-05T01:00:00Z", deadline: time.Hour,
		},
		"the clock was set back": {
			expression: "0 * * * *", last: "2026-10-05T13:00:00Z", now: "2026-10-05T11:30:00Z", deadline: time.Hour,
		},
		"the clock was set back by a few ticks and comes along again": {
			expression: "0 * * * *", last: "2026-10-05T13:00:00Z", now: "2026-10-05T13:00:00Z", deadline: time.Hour,
		},
		"more than a thousand missed": {
			expression: "* * * * *", last: "2026-01-01T00:00:00Z", now: "2026-10-05T12:34:56Z", deadline: time.Hour,
			want: "2026-10-05T12:34:00Z", wantMissed: MaxMissed,
		},
		"exactly a thousand and none left": {
			expression: "* * * * *", last: "2026-10-05T00:00:00Z", now: "2026-10-05T16:40:30Z", deadline: time.Hour,
			want: "2026-10-05T16:40:00Z", wantMissed: MaxMissed - 1,
		},
		"ticks without number that are all too old": {
			expression: "* 0-1 * * *", last: "2026-01-01T00:00:00Z", now: "2026-10-05T12:34:56Z", deadline: time.Hour,
			wantMissed: MaxMissed,
		},
		"decades missed": {
			expression: "* * * * *", last: "1970-01-01T00:00:00Z", now: "2026-10-05T12:34:56Z", deadline: time.Hour,
			want: "2026-10-05T12:34:00Z", wantMissed: MaxMissed,
		},
		"many missed, and then a long gap": {
			expression: "* * 1 1 *", last: "2026-01-01T00:00:00Z", now: "2026-12-31T23:00:00Z",
			want: "2026-01-01T23:59:00Z", wantMissed: MaxMissed,
		},
		"an interval counts from the last tick": {
			expression: "@every 7h", last: "2026-10-04T00:00:00Z", now: "2026-10-05T00:00:00Z", deadline: 7 * time.Hour,
			want: "2026-10-04T21:00:00Z", wantMissed: 2,
		},
		"an interval still does after thousands": {
			expression: "@every 7m", last: "2026-01-01T00:03:00Z", now: "2026-02-01T00:00:00Z", deadline: time.Hour,
			want: "2026-01-31T23:55:00Z", wantMissed: MaxMissed,
		},
		"Zurich: an hour that does not exist has no tick": {
			expression: "30 2 * * *", timeZone: "Europe/Zurich",
			last: "2026-03-28T02:30:00+01:00", now: "2026-03-29T23:00:00+02:00", deadline: 24 * time.Hour,
		},
		"Zurich: the day after the lost hour": {
			expression: "30 2 * * *", timeZone: "Europe/Zurich",
			last: "2026-03-28T02:30:00+01:00", now: "2026-03-30T02:30:00+02:00", deadline: time.Hour,
			want: "2026-03-30T02:30:00+02:00",
		},
		"Zurich: hourly ticks over the lost hour": {
			expression: "0 * * * *", timeZone: "Europe/Zurich",
			last: "2026-03-29T01:00:00+01:00", now: "2026-03-29T04:00:00+02:00", deadline: time.Hour,
			want: "2026-03-29T04:00:00+02:00", wantMissed: 1,
		},
		"Zurich: the hour that comes twice, first": {
			expression: "30 2 * * *", timeZone: "Europe/Zurich",
			last: "2026-10-24T02:30:00+02:00", now: "2026-10-25T02:45:00+02:00", deadline: time.Hour,
			want: "2026-10-25T02:30:00+02:00",
		},
		"Zurich: the hour that comes twice, again": {
			expression: "30 2 * * *", timeZone: "Europe/Zurich",
			last: "2026-10-25T02:30:00+02:00", now: "2026-10-25T02:45:00+01:00", deadline: time.Hour,
			want: "2026-10-25T02:30:00+01:00",
		},
		"New York: an hour that does not exist has no tick": {
			expression: "30 2 * * *", timeZone: "America/New_York",
			last: "2026-03-07T02:30:00-05:00", now: "2026-03-08T23:00:00-04:00", deadline: 24 * time.Hour,
		},
		"New York: a day of 23 hours": {
			expression: "0 0 * * *", timeZone: "America/New_York",
			last: "2026-03-08T00:00:00-05:00", now: "2026-03-09T00:00:00-04:00", deadline: time.Hour,
			want: "2026-03-09T00:00:00-04:00",
		},
		"New York: a day of 25 hours": {
			expression: "0 0 * * *", timeZone: "America/New_York",
			last: "2026-11-01T00:00:00-04:00", now: "2026-11-02T00:00:00-05:00", deadline: time.Hour,
			want: "2026-11-02T00:00:00-05:00",
		},
		"New York: thousands missed over both changes": {
			expression: "*/5 * * * *", timeZone: "America/New_York",
			last: "2026-01-01T00:00:00-05:00", now: "2026-11-01T01:07:00-05:00", deadline: time.Hour,
			want: "2026-11-01T01:05:00-05:00", wantMissed: MaxMissed,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := schedule(t, tc.expression, tc.timeZone)
			var last, want time.Time
			if tc.last != "" {
				last = at(t, tc.last)
			}
			if tc.want != "" {
				want = at(t, tc.want)
			}
			got, missed := Due(s, last, at(t, tc.now), tc.deadline)
			if !got.Equal(want) || missed != tc.wantMissed {
				t.Errorf("got %s and %d missed, want %s and %d", got, missed, want, tc.wantMissed)
			}
		})
	}
}

func TestNextTick(t *testing.T) {
	tests := map[string]struct {
		expression     string
		last           string // empty: zero
		want           string
		wantPassedOver bool
	}{
		"before the first":                        {expression: "0 * * * *", want: "2026-10-05T13:00:00Z"},
		"after one that was dealt with":           {expression: "0 * * * *", last: "2026-10-05T12:00:07Z", want: "2026-10-05T13:00:00Z"},
		"after a long time without a leader":      {expression: "0 * * * *", last: "2026-10-01T12:00:00Z", want: "2026-10-05T13:00:00Z"},
		"the clock was ahead by more than a tick": {expression: "0 * * * *", last: "2026-10-05T15:30:00Z", want: "2026-10-05T16:00:00Z", wantPassedOver: true},
		"ahead to the second of a tick":           {expression: "0 * * * *", last: "2026-10-05T13:00:00Z", want: "2026-10-05T14:00:00Z", wantPassedOver: true},
		"ahead, but by no tick":                   {expression: "0 * * * *", last: "2026-10-05T12:40:00Z", want: "2026-10-05T13:00:00Z"},
		"ahead by years":                          {expression: "0 3 * * *", last: "2036-01-01T00:00:00Z", want: "2036-01-01T03:00:00Z", wantPassedOver: true},
		"an interval counts from the last tick":   {expression: "@every 7h", last: "2026-10-05T09:00:00Z", want: "2026-10-05T16:00:00Z"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var last time.Time
			if tc.last != "" {
				last = at(t, tc.last)
			}
			now := at(t, "2026-10-05T12:30:00Z")
			got, passedOver := NextTick(schedule(t, tc.expression, ""), last, now)
			if !got.Equal(at(t, tc.want)) || passedOver != tc.wantPassedOver {
				t.Errorf("got %s, passed over: %t, want %s", got, passedOver, tc.want)
			}
		})
	}
}

// The tick that NextTick returns is due at its time, and no tick is due before.
func TestNextTickIsTheOneThatIsDue(t *testing.T) {
	s := schedule(t, "*/10 * * * *", "")
	now := at(t, "2026-10-05T12:34:00Z")
	for last := now.Add(-time.Hour); last.Before(now.Add(time.Hour)); last = last.Add(time.Minute) {
		next, _ := NextTick(s, last, now)
		if due, _ := Due(s, last, next.Add(-time.Second), 0); due.After(now) {
			t.Errorf("last %s: %s is announced, and %s is due", last, next, due)
		}
		if due, _ := Due(s, last, next, 0); !due.Equal(next) {
			t.Errorf("last %s: %s is announced, and then %s is due", last, next, due)
		}
	}
}

func TestDueIsBounded(t *testing.T) {
	for _, expression := range []string{"* * * * *", "* * 1 1 *", "0 0 29 2 *"} {
		s := &counting{Schedule: schedule(t, expression, "")}
		Due(s, time.Unix(0, 0), at(t, "2026-10-05T12:00:00Z"), time.Hour)
		if s.calls > MaxMissed+100 {
			t.Errorf("%s: %d calls of Next", expression, s.calls)
		}
	}
}

type never struct{}

func (never) Next(time.Time) time.Time { return time.Time{} }

func TestDueOfAScheduleThatEnds(t *testing.T) {
	now := time.Now()
	if at, missed := Due(never{}, now.Add(-time.Hour), now, 0); !at.IsZero() || missed != 0 {
		t.Errorf("got %s and %d missed", at, missed)
	}
	if got := DefaultStartingDeadline(never{}, now); got != time.Hour {
		t.Errorf("got a deadline of %s", got)
	}
}

func TestDefaultStartingDeadline(t *testing.T) {
	for expression, want := range map[string]time.Duration{
		"* * * * *":    time.Minute,
		"*/10 * * * *": 10 * time.Minute,
		"@every 90s":   90 * time.Second,
		"0 * * * *":    time.Hour,
		"0 0 * * *":    time.Hour,
		"0 0 29 2 *":   time.Hour,
	} {
		s := schedule(t, expression, "")
		if got := DefaultStartingDeadline(s, at(t, "2026-10-05T12:00:00Z")); got != want {
			t.Errorf("%s: got %s, want %s", expression, got, want)
		}
	}
}

// TestTicksOfTheDaysWhenClocksChange counts the ticks of a day. No two ticks have the same
// time, and so the same ID.
func TestTicksOfTheDaysWhenClocksChange(t *testing.T) {
	type ticks struct{ hourly, nightly int } // "0 * * * *" and "30 2 * * *" on that day
	tests := map[string]struct {
		timeZone, from, to string
		want               ticks
	}{
		"Zurich: 23 hours, without half past two":   {"Europe/Zurich", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", ticks{23, 0}},
		"Zurich: 25 hours, with it twice":           {"Europe/Zurich", "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", ticks{25, 2}},
		"New York: 23 hours, without half past two": {"America/New_York", "2026-03-08T00:00:00-05:00", "2026-03-09T00:00:00-04:00", ticks{23, 0}},
		"New York: 25 hours, with it once":          {"America/New_York", "2026-11-01T00:00:00-04:00", "2026-11-02T00:00:00-05:00", ticks{25, 1}},
		"Lord Howe: half an hour less":              {"Australia/Lord_Howe", "2026-10-04T00:00:00+10:30", "2026-10-05T00:00:00+11:00", ticks{23, 1}},
		"Lord Howe: half an hour more":              {"Australia/Lord_Howe", "2026-04-05T00:00:00+11:00", "2026-04-06T00:00:00+10:30", ticks{24, 1}},
		"UTC: 24 hours":                             {"", "2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z", ticks{24, 1}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			count := func(expression string) (n int) {
				s := schedule(t, expression, tc.timeZone)
				from, to := at(t, tc.from), at(t, tc.to)
				seen := map[execution.ID]bool{}
				last := from.Add(-time.Second)
				for now := last; now.Before(to); now = now.Add(30 * time.Second) {
					tick, missed := Due(s, last, now, 0)
					if missed != 0 {
						t.Errorf("%s: %d missed at %s", expression, missed, now)
					}
					if tick.IsZero() || !tick.Before(to) {
						continue
					}
					if id := execution.NewID(tick); seen[id] {
						t.Errorf("%s: %s twice", expression, id)
					} else {
						seen[id] = true
					}
					n, last = n+1, now
				}
				return n
			}
			if got := (ticks{count("0 * * * *"), count("30 2 * * *")}); got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

// After a change of the zone, no tick runs again, and a tick before the change in the new
// zone does not count as missed.
func TestDueAfterTheZoneWasChanged(t *testing.T) {
	last := at(t, "2026-10-05T02:30:00+02:00") // of half past two in Zurich
	for zone, want := range map[string]string{
		"America/New_York": "2026-10-05T02:30:00-04:00",
		"Asia/Tokyo":       "2026-10-06T02:30:00+09:00",
		"UTC":              "2026-10-05T02:30:00Z",
	} {
		s := schedule(t, "30 2 * * *", zone)
		next := at(t, want)
		if got, missed := Due(s, last, next.Add(-time.Second), 0); !got.IsZero() || missed != 0 {
			t.Errorf("%s: got %s and %d missed before the next", zone, got, missed)
		}
		if got, missed := Due(s, last, next, 0); !got.Equal(next) || missed != 0 {
			t.Errorf("%s: got %s and %d missed, want %s", zone, got, missed, next)
		}
	}
}
