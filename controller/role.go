package controller

import (
	"context"

	"github.com/batch-job-controller/batch-job-controller/controller/lease"
)

// role is the role of a replica.
type role int

// The roles. A leader that loses the Lease, because the API server does not respond or
// because the replica is terminated, is draining: it accepts callbacks from its memory
// until it learns of another leader. There may be none, and what it accepts is on the
// disk, where the next leader finds it. It writes nothing to the cluster.
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

// announceMove wakes the callbacks that wait for a replica that accepts them. The caller
// holds m.mu.
func (m *Manager) announceMove() {
	close(m.moved)
	m.moved = make(chan struct{})
}

// ObserveHolder is called with the identity of the Lease's holder after each read of the
// Lease. A draining replica that learns of another leader becomes a standby.
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

// becomeStandby forgets the executions: another replica leads. The caller holds m.mu.
func (m *Manager) becomeStandby() {
	m.role = standby
	for _, q := range m.queues.all() {
		q.Forget()
	}
	m.results.Forget()
}

// takesCallbacks reports whether this replica accepts callbacks. The caller holds m.mu.
func (m *Manager) takesCallbacks() bool { return m.role != standby && m.holder == "" }

// Callbacks returns whether this replica accepts callbacks, and if not, the address of the
// replica that does, if it is known. The channel is closed when that changes.
func (m *Manager) Callbacks() (here bool, elsewhere string, moved <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.takesCallbacks(), lease.AddressOf(m.holder), m.moved
}

// Leads reports whether this replica leads. It may already have lost the Lease.
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
	_, done, err := m.fence(context.Background()) // only asked, for no write: the context of a canceled callback would fail it
	if err != nil {
		return false
	}
	done()
	return true
}

// Leader returns the identity of another replica that leads, if there is one. The channel
// is closed when that or Leads changes.
func (m *Manager) Leader() (identity string, moved <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.holder, m.moved
}
