package controller

import (
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
)

// role is what a replica does.
type role int

// The roles. A leader that loses the Lease, because the API server does not
// answer or because it is told to end, goes on taking callbacks from what it
// remembers: as long as it knows of no other leader there may be none, and
// what it takes is on the disk, where the next leader looks for it. It writes
// nothing to the cluster any more.
const (
	standby role = iota
	leading
	caretaking
)

func (c *Controller) setRole(r role) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.role = r
	c.Metrics.SetLeader(r == leading)
	if r == caretaking && c.holder != "" {
		c.standDown()
	}
	c.announceMove()
}

// announceMove wakes those who wait for somebody to take callbacks. The caller
// holds c.mu.
func (c *Controller) announceMove() {
	close(c.moved)
	c.moved = make(chan struct{})
}

// ObserveHolder is told who holds the Lease, as often as it is looked at. A
// caretaker that learns of another leader stands down.
func (c *Controller) ObserveHolder(holder string) {
	if holder == c.Identity {
		holder = ""
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if holder == c.holder {
		return
	}
	c.holder = holder
	if holder != "" {
		c.Log.Info("another replica leads", "identity", holder)
		if c.role == caretaking {
			c.standDown()
		}
	}
	c.announceMove()
}

// standDown forgets the executions: another replica has them now. The caller
// holds c.mu.
func (c *Controller) standDown() {
	c.role = standby
	c.open, c.backlog, c.known = nil, nil, map[execution.ID]bool{}
	c.Results.Keep(nil)
	c.Metrics.SetPool(0, 0)
	c.Metrics.SetDamagedRecords(0) // that is the next leader's
	c.Metrics.SetNextTick(time.Time{})
	c.Metrics.ForgetLastReport()
}

// takesCallbacks reports whether this replica does. The caller holds c.mu.
func (c *Controller) takesCallbacks() bool { return c.role != standby && c.holder == "" }

// Callbacks returns whether this replica takes callbacks, and if not, the
// address of the one that does, or nothing if there is none or it does not say.
// The channel is closed when that changes.
func (c *Controller) Callbacks() (here bool, elsewhere string, moved <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.takesCallbacks(), lease.AddressOf(c.holder), c.moved
}
