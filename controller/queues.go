package controller

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/door"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/queue"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// mostStrays bounds the queues for names that no NodeCronJob has: any client can create an
// Execution with any name. The others wait until these are rejected.
const mostStrays = 20

func (m *Manager) wakeQueues() {
	select {
	case m.news <- struct{}{}:
	default: // runQueues is awake already
	}
}

// runQueues runs the queue of each definition until ctx ends, also of those that appear.
func (m *Manager) runQueues(ctx context.Context, fence lease.Fence) {
	var work sync.WaitGroup
	defer work.Wait()
	running, ended := map[string]bool{}, make(chan string)
	for {
		for _, name := range m.names(running) {
			running[name] = true
			work.Go(func() {
				m.runQueue(ctx, fence, name)
				select {
				case ended <- name:
				case <-ctx.Done():
				}
			})
		}
		select {
		case <-ctx.Done():
			return
		case name := <-ended:
			delete(running, name)
		case <-m.news:
		}
	}
}

// names returns the definitions that need a queue and have none that runs.
func (m *Manager) names(running map[string]bool) (idle []string) {
	var all []string
	for _, q := range m.queues.all() {
		all = append(all, q.Name)
	}
	all = append(all, m.definitions.Names()...)
	known := map[string]bool{}
	for _, name := range all {
		if !known[name] && !running[name] {
			idle = append(idle, name)
		}
		known[name] = true
	}
	return append(idle, m.strays(known, running)...)
}

// strays returns names that Executions have and no NodeCronJob: their queues reject them.
func (m *Manager) strays(known, running map[string]bool) (names []string) {
	of := 0
	for name := range running {
		if (nodeCronJob{m, name}).Cached() != door.Present {
			of++
		}
	}
	for _, name := range m.executions.Definitions() {
		if of+len(names) >= mostStrays {
			break
		}
		if !known[name] && !running[name] && (nodeCronJob{m, name}).Cached() == door.Absent && m.isWaitedFor(name) {
			names = append(names, name)
		}
	}
	return names
}

// isWaitedFor reports whether an Execution of the name waits that may be this controller's.
func (m *Manager) isWaitedFor(name string) bool {
	return slices.ContainsFunc(m.executions.ExecutionsOf(name), func(e *v1alpha1.Execution) bool {
		return record.IsWaiting(e) && m.records.MayTake(e) && e.DeletionTimestamp == nil
	})
}

// runQueue runs the queue of a definition until ctx ends, or until the definition is gone, and
// nothing is left of it.
func (m *Manager) runQueue(ctx context.Context, fence lease.Fence, name string) {
	q, isNew := m.queue(name)
	if isNew && !m.begin(ctx, q) {
		return // ctx has ended
	}
	if q.Run(ctx, fence); ctx.Err() != nil {
		return
	}
	m.queues.remove(name)
	m.definitions.Release(name)
	m.Metrics.Remove(name)
	m.endExport(name)
}

// queue returns the queue of a definition, which is built if there is none.
func (m *Manager) queue(name string) (q *queue.Queue, isNew bool) {
	return m.queues.ensure(name, func() *queue.Queue {
		if m.isOfConfigMap(name) {
			return m.newQueue(name, m.source)
		}
		return m.newQueue(name, m.definitions.Source(name))
	})
}

// begin reads what there is of a definition that appears while this replica leads, and retries
// until that succeeds. It returns false if ctx ends first.
func (m *Manager) begin(ctx context.Context, q *queue.Queue) bool {
	q.BeginTerm()
	log := m.Log.With("step", "read the executions of a definition", "nodeCronJob", q.Name)
	var found record.Listing
	err := timing.Retrier{Clock: m.Clock, Jitter: m.Jitter}.Do(ctx, log, time.Time{}, func() (err error) {
		found, err = m.readOf(ctx, q.Name)
		return err
	})
	if err != nil {
		return false
	}
	q.Resume(queue.Found{Records: found, Reports: m.results.Restore(q.Name, q.NoteClosed)})
	return true
}
