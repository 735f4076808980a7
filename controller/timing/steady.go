package timing

import (
	"time"

	"k8s.io/utils/clock"
)

// Steady is the time against which deadlines are held that begin with what others
// wrote: when a pod was created, or a container started.
type Steady struct {
	clock clock.PassiveClock
	began time.Time
}

// NewSteady returns the steady time that begins with what the clock says now.
func NewSteady(clk clock.PassiveClock) Steady { return Steady{clock: clk, began: clk.Now()} }

// Now returns the clock's time, unless the clock has been set forward since Steady
// began: Jobs in flight did not become an hour older by that. If it was set back, the
// clock is followed, and deadlines come late; the kubelets have their own.
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
