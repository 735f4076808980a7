package jobspec

import (
	"strings"
	"time"
)

// FormatRan writes from when to when something went on, as ISO 8601 does.
// Unless both are known it is empty.
func FormatRan(from, to time.Time) string {
	if from.IsZero() || to.IsZero() {
		return ""
	}
	return from.UTC().Format(time.RFC3339) + "/" + to.UTC().Format(time.RFC3339)
}

// ParseRan reads what FormatRan writes. Of anything else both times are zero.
func ParseRan(text string) (from, to time.Time) {
	begin, end, _ := strings.Cut(text, "/")
	from, errFrom := time.Parse(time.RFC3339, begin)
	to, errTo := time.Parse(time.RFC3339, end)
	if errFrom != nil || errTo != nil || to.Before(from) {
		return time.Time{}, time.Time{}
	}
	return from.UTC(), to.UTC()
}
