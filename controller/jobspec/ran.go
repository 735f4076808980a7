package jobspec

import (
	"strings"
	"time"
)

// FormatRan formats an interval as in ISO 8601. It is empty unless both times are known.
func FormatRan(from, to time.Time) string {
	if from.IsZero() || to.IsZero() {
		return ""
	}
	return from.UTC().Format(time.RFC3339) + "/" + to.UTC().Format(time.RFC3339)
}

// ParseRan parses the output of FormatRan. For anything else both times are zero.
func ParseRan(text string) (from, to time.Time) {
	begin, end, _ := strings.Cut(text, "/")
	from, errFrom := time.Parse(time.RFC3339, begin)
	to, errTo := time.Parse(time.RFC3339, end)
	if errFrom != nil || errTo != nil || to.Before(from) {
		return time.Time{}, time.Time{}
	}
	return from.UTC(), to.UTC()
}
