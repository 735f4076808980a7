package controller

import (
	"fmt"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/intake"
)

// reported is the Manager as what pods report sees it.
type reported struct{ *Manager }

// Accept returns the node task, if it may report to this replica. What a replica does
// not know that may have lost the Lease it leaves to the leader, of which it has not
// heard yet.
func (m reported) Accept(key execution.Key) (intake.Task, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.takesCallbacks() {
		return intake.Task{}, execution.ErrNotLeader
	}
	task, err := m.find(key)
	if err != nil && !m.surelyLeads() {
		return intake.Task{}, fmt.Errorf("%w any more: %w", execution.ErrNotLeader, err)
	}
	return task, err
}

// find returns the node task if it may report. The caller holds m.mu.
func (m reported) find(key execution.Key) (intake.Task, error) {
	a := m.active
	if a == nil || a.ID() != key.Execution {
		if m.known[key.Execution] {
			return intake.Task{}, fmt.Errorf("%w: execution %s is closed", execution.ErrEnded, key.Execution)
		}
		return intake.Task{}, fmt.Errorf("%w: %s", execution.ErrUnknownExecution, key.Execution)
	}
	index, err := a.Accept(key.Node)
	if err != nil {
		return intake.Task{}, err
	}
	return intake.Task{Key: key, Index: index, Nodes: a.Nodes(), Budget: a.budget, Open: a}, nil
}

// Note calls what records and exports something that was taken, unless this replica
// has become a standby meanwhile.
func (m reported) Note(taken func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.role != standby {
		taken()
	}
}
