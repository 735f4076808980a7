package timing

import "time"

// Earliest returns the earlier of two times at which something is due. The zero time means
// never.
func Earliest(a, b time.Time) time.Time {
	if b.IsZero() || (!a.IsZero() && a.Before(b)) {
		return a
	}
	return b
}
