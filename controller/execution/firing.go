package execution

import "time"

// Firing is why an execution starts, and when it was due.
type Firing struct {
	Trigger   Trigger
	Scheduled time.Time // when it was due
}

// Equal reports whether two firings are the same one.
func (f Firing) Equal(other Firing) bool {
	return f.Trigger == other.Trigger && f.Scheduled.Equal(other.Scheduled)
}
