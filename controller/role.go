package controller

import (
	"context"
	"time"

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
	draining
)

func (m *Manager) setRole(r role) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.role = r
	m.Metrics.SetLeader(r == leading)
	if r == draining && m.holder != "" {
		m.becomeStandby()
	}
	m.announceMove()
}

// announceMove wakes the callbacks that wait for a replica to take them. The caller
// holds m.mu.
func (m *Manager) announceMove() {
	close(m.moved)
	m.moved = make(chan struct{})
}

// ObserveHolder is called with the identity that holds the Lease, as often as the
// Lease is looked at. A draining replica that learns of another leader stands down.
func (m *Manager) ObserveHolder(holder string) {
	if holder == m.Identity {
		holder = ""
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if holder == m.holder {
		return
	}
	m.holder = holder
	if holder != "" {
		m.Log.Info("another replica leads", "identity", holder)
		if m.role == draining {
			m.becomeStandby()
		}
	}
	m.announceMove()
}

// becomeStandby forgets the executions: another replica has them now. The caller
// holds m.mu.
func (m *Manager) becomeStandby() {
	m.role = standby
	for _, q := range m.queues {
		q.Forget()
	}
	m.results.Forget()
	m.Metrics.SetPool(0, 0)
	m.Metrics.SetDamagedRecords(0) // that is the next leader's
	m.Metrics.SetNextTick(time.Time{})
	m.Metrics.ForgetLastReport()
}

// takesCallbacks reports whether this replica does. The caller holds m.mu.
func (m *Manager) takesCallbacks() bool { return m.role != standby && m.holder == "" }

// Callbacks returns whether this replica takes callbacks, and if not, the
// address of the one that does, or nothing if there is none or it does not say.
// The channel is closed when that changes.
func (m *Manager) Callbacks() (here bool, elsewhere string, moved <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.takesCallbacks(), lease.AddressOf(m.holder), m.moved
}

// Leads reports whether this replica leads, as far as it knows.
func (m *Manager) Leads() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.role == leading
}

// SurelyLeads reports whether no other replica can lead.
func (m *Manager) SurelyLeads() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.surelyLeads()
}

// surelyLeads is SurelyLeads for a caller that holds m.mu.
func (m *Manager) surelyLeads() bool {
	if m.role != leading {
		return false
	}
	_, done, err := m.fence(context.Background()) // nothing is written with it: a caller whose request was canceled asks all the same
	if err != nil {
		return false
	}
	done()
	return true
}

// Leader returns the identity of another replica that leads, or nothing. The channel
// is closed when that or Leads changes.
func (m *Manager) Leader() (identity string, moved <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.holder, m.moved
}
