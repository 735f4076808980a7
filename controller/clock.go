package controller

import "time"

// now returns the time against which deadlines are held that begin with what
// others wrote: when a pod was created, or a container started. It is the
// clock's, unless somebody has set that forward since this process started:
// Jobs in flight did not become an hour older by it. Set back, the clock is
// followed, and deadlines come late; the kubelets have their own.
func (c *Controller) now() time.Time {
	wall := c.Clock.Now()
	steady := c.started.Add(c.Clock.Since(c.started)) // by the monotonic clock
	if steady.Round(0).Before(wall.Round(0)) {
		return steady
	}
	return wall
}
