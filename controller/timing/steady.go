package timing

import (
	"time"

	"k8s.io/utils/clock"
)

// Steady is the time for deadlines that begin with a time written by another machine, such
// as the creation of a pod or the start of a container.
type Steady struct {
	clock clock.PassiveClock
	began time.Time
}

// NewSteady returns a Steady that begins now.
func NewSteady(clk clock.PassiveClock) Steady { return Steady{clock: clk, began: clk.Now()} }

// Now returns the clock's time, unless the clock has been set forward since Steady began:
// that makes no Job older. After the clock was set back, Now follows it, and deadlines
// come late; the kubelets enforce their own.
func (s Steady) Now() time.Time {
	wall := s.clock.Now()
	steady := s.began.Add(s.clock.Since(s.began)) // by the monotonic clock
	if steady.Round(0).Before(wall.Round(0)) {
		return steady
	}
	return wall
}

// Began returns when the steady time began, which is when the process started.
func (s Steady) Began() time.Time { return s.began }
