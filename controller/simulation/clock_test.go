package simulation

import (
	"time"

	"k8s.io/utils/clock"
)

// jitteredClock is the bubble's clock, with timers that fire a few nanoseconds late, each
// with its own delay: otherwise, two timers that are set at one instant for the same time,
// or one for twice the time of the other, would fire in random order.
type jitteredClock struct{ clock.RealClock }

func late(d time.Duration) time.Duration {
	return d + roll(uint64(d), 0, "timer").between(1, 500)
}

// NewTimer implements clock.Clock.
func (c jitteredClock) NewTimer(d time.Duration) clock.Timer {
	return jitteredTimer{c.RealClock.NewTimer(late(d))}
}

// After implements clock.Clock.
func (c jitteredClock) After(d time.Duration) <-chan time.Time { return c.NewTimer(d).C() }

type jitteredTimer struct{ clock.Timer }

func (t jitteredTimer) Reset(d time.Duration) bool { return t.Timer.Reset(late(d)) }
