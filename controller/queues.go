package controller

import (
	"context"
	"sync"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/queue"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

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
	work.Go(func() { m.pruneStrays(ctx, fence) })
	running, ended, full := map[string]bool{}, make(chan string), false
	for {
		names, others := m.names(running)
		if others && !full {
			m.Metrics.UnknownDefinitionsFull()
		}
		full = others
		for _, name := range names {
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

// names returns the definitions that need a queue and have none that runs, and whether others
// have to wait for theirs.
func (m *Manager) names(running map[string]bool) (idle []string, others bool) {
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
	strays, others := m.strays(known, running)
	return append(idle, strays...), others
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
	return m.queues.ensure(name, func() *queue.Queue { return m.newQueue(name, m.definitions.Source(name)) })
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
	q.Resume(queue.Found{Records: found, Reports: m.results.Restore(q.Name, q.NoteClosed), Newest: m.newest})
	return true
}
