package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/robfig/cron/v3"
)

func at(t *testing.T, value string) time.Time {
	t.Helper()
	parsed, err := time.Parse(time.RFC3339, value)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestParseSchedule(t *testing.T) {
	const now = "2026-10-05T12:00:00Z" // a Monday
	tests := map[string]struct {
		expression string
		timeZone   string
		wantNext   string
		wantError  string
	}{
		"the documented example":              {expression: "42 3 * * *", wantNext: "2026-10-06T03:42:00Z"},
		"with blanks around":                  {expression: " 42  3 * * *\n", wantNext: "2026-10-06T03:42:00Z"},
		"names of days":                       {expression: "0 9 * * mon-fri", wantNext: "2026-10-06T09:00:00Z"},
		"in a time zone":                      {expression: "42 3 * * *", timeZone: "Europe/Zurich", wantNext: "2026-10-06T01:42:00Z"},
		"with a time zone as prefix":          {expression: "CRON_TZ=Europe/Zurich 42 3 * * *", wantNext: "2026-10-06T01:42:00Z"},
		"with a short prefix":                 {expression: "TZ=UTC 42 3 * * *", wantNext: "2026-10-06T03:42:00Z"},
		"a descriptor":                        {expression: "@daily", timeZone: "America/New_York", wantNext: "2026-10-06T04:00:00Z"},
		"a descriptor behind a prefix":        {expression: "TZ=America/New_York @daily", wantNext: "2026-10-06T04:00:00Z"},
		"every 90 seconds":                    {expression: "@every 90s", wantNext: "2026-10-05T12:01:30Z"},
		"a leap day":                          {expression: "0 0 29 2 *", wantNext: "2028-02-29T00:00:00Z"},
		"C18 an empty expression":             {expression: " ", wantError: "must not be empty"},
		"C19 six fields":                      {expression: "* * * * * *", wantError: "5 fields"},
		"C19 four fields":                     {expression: "* * * *", wantError: "5 fields"},
		"C20 minute 60":                       {expression: "60 * * * *", wantError: "60"},
		"C20 weekday 8":                       {expression: "0 0 * * 8", wantError: "8"},
		"C20 a range that goes back":          {expression: "5-1 * * * *", wantError: "5-1"},
		"C20 steps of 0":                      {expression: "*/0 * * * *", wantError: "step"},
		"C21 @reboot":                         {expression: "@reboot", wantError: "@reboot"},
		"C22 every second":                    {expression: "@every 1s", wantError: "fires every 1s: must be at least 1m0s"},
		"C22 every 0 seconds":                 {expression: "@every 0s", wantError: "at least 1m0s"},
		"C22 every -5 seconds":                {expression: "@every -5s", wantError: "at least 1m0s"},
		"C22 every nothing":                   {expression: "@every", wantError: "@every"},
		"C23 the 31st of February":            {expression: "0 0 31 2 *", wantError: "never fires"},
		"C24 TZ=":                             {expression: "TZ=", wantError: "must be followed by a schedule"},
		"C24 TZ=0":                            {expression: "TZ=0", wantError: "must be followed by a schedule"},
		"C24 CRON_TZ=UTC and nothing else":    {expression: "CRON_TZ=UTC ", wantError: "must be followed by a schedule"},
		"C24 TZ= without a zone":              {expression: "TZ= 0 0 * * *", wantError: "must name a zone"},
		"C25 an unknown zone as prefix":       {expression: "TZ=Nowhere/X 0 0 * * *", wantError: `unknown time zone "Nowhere/X"`},
		"C25 two prefixes":                    {expression: "TZ=UTC TZ=UTC 0 0 * * *", wantError: "5 fields"},
		"C25 a prefix and a time zone":        {expression: "TZ=UTC 0 0 * * *", timeZone: "UTC", wantError: "only one"},
		"C26 an unknown zone":                 {expression: "0 0 * * *", timeZone: "Mars/Base", wantError: `unknown time zone "Mars/Base"`},
		"C26 the local zone":                  {expression: "0 0 * * *", timeZone: "Local", wantError: "IANA"},
		"C26 the local zone as prefix":        {expression: "TZ=Local 0 0 * * *", wantError: "IANA"},
		"C26 a zone out of another directory": {expression: "0 0 * * *", timeZone: "../../etc/passwd", wantError: "unknown time zone"},
		"C27 a number":                        {expression: "5", wantError: "5 fields"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := ParseSchedule(tc.expression, tc.timeZone, at(t, now))
			if tc.wantError != "" {
				if err == nil || !strings.Contains(err.Error(), tc.wantError) {
					t.Errorf("got error %v, want one with %q", err, tc.wantError)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if next := s.Next(at(t, now)); !next.Equal(at(t, tc.wantNext)) {
				t.Errorf("got %s, want %s", next, tc.wantNext)
			}
		})
	}
}

func TestScheduleText(t *testing.T) {
	const zurich = "CRON_TZ=Europe/Zurich 42 3 * * *"
	tests := map[string]struct{ expression, timeZone, want string }{
		"a zone of its own":        {"42 3 * * *", "Europe/Zurich", zurich},
		"the zone as a prefix":     {"CRON_TZ=Europe/Zurich 42 3 * * *", "", zurich},
		"a short prefix":           {" TZ=Europe/Zurich  42 3  * * *", "", zurich},
		"no zone is UTC":           {"@daily", "", "CRON_TZ=UTC @daily"},
		"UTC by its name":          {"@daily", "UTC", "CRON_TZ=UTC @daily"},
		"another zone is another":  {"42 3 * * *", "Asia/Tokyo", "CRON_TZ=Asia/Tokyo 42 3 * * *"},
		"another hour is another ": {"42 4 * * *", "Europe/Zurich", "CRON_TZ=Europe/Zurich 42 4 * * *"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := ScheduleText(tt.expression, tt.timeZone); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

type panicking struct{}

func (panicking) Next(time.Time) time.Time { panic("out of dates") }

func TestPanicsOfTheLibraryAreContained(t *testing.T) {
	if _, err := parseCron("TZ=0"); err == nil {
		t.Error("want an error of TZ=0")
	}
	if next := (panicSafe{panicking{}}).Next(time.Now()); !next.IsZero() {
		t.Errorf("got %s, want the zero time", next)
	}
}

func FuzzCron(f *testing.F) {
	for _, seed := range []string{"42 3 * * *", "TZ=0", "CRON_TZ=UTC", "@every 1s", "@every -5s", "@every 2562047h", "0 0 31 2 *", "TZ=UTC @daily",
		"*/99999999999999999999 * * * *", "0-59/7,3 0 1 jan ?", "TZ=Local * * * * *", "59 23 29 2 1-5"} {
		f.Add(seed, "")
		f.Add(seed, "Europe/Zurich")
	}
	now := time.Date(2026, 10, 5, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, expression, timeZone string) {
		s, err := ParseSchedule(expression, timeZone, now)
		if err != nil {
			return
		}
		next := s.Next(now)
		if !next.After(now) {
			t.Errorf("%q in %q: next after %s is %s", expression, timeZone, now, next)
		}
		if second := s.Next(next); !second.IsZero() && second.Sub(next) < time.Minute {
			t.Errorf("%q in %q: fires after %s", expression, timeZone, second.Sub(next))
		}
		if due, _ := Due(s, now, next, 0); !due.Equal(next) {
			t.Errorf("%q in %q: due is %s, want %s", expression, timeZone, due, next)
		}
	})
}

var _ cron.Schedule = panicSafe{}
