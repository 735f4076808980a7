package controller

import (
	"errors"
	"fmt"

	"github.com/batch-job-controller/batch-job-controller/controller/auth"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/intake"
)

// reported is the Manager as package intake uses it.
type reported struct{ *Manager }

// Accept returns the node task, if it may report to this replica. If the replica does not
// have the execution and may have lost the Lease, the error sends the callback to the new
// leader, which may have it.
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

// find returns the node task if it may report, of whichever definition.
func (m reported) find(key execution.Key) (task intake.Task, err error) {
	err = fmt.Errorf("%w: %s", execution.ErrUnknownExecution, key.Execution) // there may be no definition
	for _, q := range m.queues.all() {
		if task, err = q.Accept(key); !errors.Is(err, execution.ErrUnknownExecution) {
			return task, err
		}
	}
	return task, err
}

// Note calls a function that records and exports what was accepted, unless this replica
// has become a standby meanwhile.
func (m reported) Note(record func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.role != standby {
		record()
	}
}

// openExecution returns how callbacks of an execution authenticate, if it is open.
func (m *Manager) openExecution(id execution.ID) (open auth.OpenExecution, ok bool) {
	for _, q := range m.queues.all() {
		if open, ok = q.Open(id); ok {
			return open, true
		}
	}
	return open, false
}
