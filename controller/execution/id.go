package execution

import (
	"fmt"
	"strconv"
	"time"
)

// ID names an execution: its scheduled time in UTC, to the second, as
// 20060102150405. Every replica computes the same one for the same tick, text
// order is time order, and the number is exact as a float64, which the gauge
// <prefix>_current_execution_id needs.
type ID string

const idLayout = "20060102150405"

// NewID returns the ID of the execution scheduled at t.
func NewID(t time.Time) ID {
	return ID(t.UTC().Format(idLayout))
}

// ParseID checks that s is fourteen digits that name a time.
func ParseID(s string) (ID, error) {
	if len(s) != len(idLayout) {
		return "", fmt.Errorf("execution ID %.32q: must be 14 digits, such as %s", s, idLayout)
	}
	if _, err := time.Parse(idLayout, s); err != nil {
		return "", fmt.Errorf("execution ID %q: must be a time in UTC, such as %s", s, idLayout)
	}
	return ID(s), nil
}

// Time returns the scheduled time, or the zero time if id was not made by
// NewID or ParseID.
func (id ID) Time() time.Time {
	t, err := time.Parse(idLayout, string(id))
	if err != nil {
		return time.Time{}
	}
	return t
}

// Next returns the ID one second later, for a second trigger within the same
// second.
func (id ID) Next() ID {
	return NewID(id.Time().Add(time.Second))
}

// Number returns the ID as the value of a gauge.
func (id ID) Number() float64 {
	n, err := strconv.ParseInt(string(id), 10, 64)
	if err != nil {
		return 0
	}
	return float64(n)
}
