package controller

import (
	"context"
	"slices"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/door"
	"github.com/batch-job-controller/batch-job-controller/controller/history"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// mostStrays bounds the queues for names that no NodeCronJob has: any client can create an
// Execution with any name. The others wait until these are rejected.
const mostStrays = 20

// strays returns names that Executions have and no NodeCronJob: their queues reject them. It
// also returns whether there are more of them than may have a queue at once.
func (m *Manager) strays(known, running map[string]bool) (names []string, more bool) {
	of := 0
	for name := range running {
		if (nodeCronJob{m, name}).Cached() != door.Present {
			of++
		}
	}
	for _, name := range m.executions.Definitions() {
		if known[name] || running[name] || (nodeCronJob{m, name}).Cached() != door.Absent || !m.isWaitedFor(name) {
			continue
		}
		if of+len(names) >= mostStrays {
			return names, true
		}
		names = append(names, name)
	}
	return names, false
}

// isWaitedFor reports whether an Execution of the name waits that may be this controller's.
func (m *Manager) isWaitedFor(name string) bool {
	return slices.ContainsFunc(m.executions.ExecutionsOf(name), func(e *v1alpha1.Execution) bool {
		return record.IsWaiting(e) && m.records.MayTake(e) && e.DeletionTimestamp == nil
	})
}

// pruneStrays keeps the newest of the rejected Executions that are in no history, until ctx
// ends. It asks the API server for nothing but to delete the others.
func (m *Manager) pruneStrays(ctx context.Context, fence lease.Fence) {
	for timing.Sleep(ctx, m.Clock, time.Time{}, nil) {
		if err := history.DropRejected(ctx, fence, m.records, m.rejectedStrays()); err != nil && ctx.Err() == nil {
			m.Log.Warn("rejected executions not pruned, trying again later", "error", err)
		}
	}
}

// rejectedStrays returns the rejected Executions that are in no history, the oldest first:
// those that no controller had labelled before, and those whose NodeCronJob is gone.
func (m *Manager) rejectedStrays() (all []*v1alpha1.Execution) {
	for _, name := range m.executions.Definitions() {
		isGone := m.IsGone(name)
		for _, e := range m.executions.ExecutionsOf(name) {
			if e.Status.Phase == v1alpha1.Rejected && e.DeletionTimestamp == nil && m.records.MayTake(e) &&
				(isGone || !m.records.IsTaken(e, record.NodeCronJob{})) {
				all = append(all, e)
			}
		}
	}
	slices.SortFunc(all, record.ByAge)
	return all
}
