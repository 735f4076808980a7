package jobspec

import (
	"testing"
	"time"
)

func TestRan(t *testing.T) {
	from := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	to := from.Add(90 * time.Second)
	text := FormatRan(from, to)
	if text != "2026-03-04T05:06:07Z/2026-03-04T05:07:37Z" {
		t.Errorf("written as %q", text)
	}
	if gotFrom, gotTo := ParseRan(text); !gotFrom.Equal(from) || !gotTo.Equal(to) {
		t.Errorf("read as %s and %s", gotFrom, gotTo)
	}
	for name, text := range map[string]string{
		"nothing":                   "",
		"one time":                  "2026-03-04T05:06:07Z",
		"an end before its begin":   "2026-03-04T05:07:37Z/2026-03-04T05:06:07Z",
		"no times":                  "yesterday/today",
		"a start that is not known": FormatRan(time.Time{}, to),
		"an end that is not known":  FormatRan(from, time.Time{}),
	} {
		if from, to := ParseRan(text); !from.IsZero() || !to.IsZero() {
			t.Errorf("%s: read as %s and %s", name, from, to)
		}
	}
}
