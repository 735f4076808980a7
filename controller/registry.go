package controller

import (
	"maps"
	"slices"
	"sync"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/queue"
)

// registry has the queues of the definitions, and which of them has an execution. Its lock is
// taken after the Manager's and before a queue's, and never held while a queue is called.
type registry struct {
	mu sync.RWMutex
	// byName also has the queues of definitions that are gone, until their executions have
	// ended and their reports are deleted.
	byName map[string]*queue.Queue
	byID   map[execution.ID]*queue.Queue
}

func newRegistry() *registry {
	return &registry{byName: map[string]*queue.Queue{}, byID: map[execution.ID]*queue.Queue{}}
}

// named returns the queue of a definition, or nil.
func (r *registry) named(name string) *queue.Queue {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byName[name]
}

// of returns the queue that has an execution, or nil.
func (r *registry) of(id execution.ID) *queue.Queue {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byID[id]
}

// all returns the queues, in the order of their definitions' names.
func (r *registry) all() []*queue.Queue {
	r.mu.RLock()
	defer r.mu.RUnlock()
	queues := make([]*queue.Queue, 0, len(r.byName))
	for _, name := range slices.Sorted(maps.Keys(r.byName)) {
		queues = append(queues, r.byName[name])
	}
	return queues
}

// ensure returns the queue of a definition, which is built if there is none.
func (r *registry) ensure(name string, build func() *queue.Queue) (q *queue.Queue, isNew bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if q := r.byName[name]; q != nil {
		return q, false
	}
	q = build()
	r.byName[name] = q
	return q, true
}

// remove forgets a queue and its executions, unless the definition has another queue by now.
func (r *registry) remove(name string, q *queue.Queue) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byName[name] == q {
		delete(r.byName, name)
	}
	maps.DeleteFunc(r.byID, func(_ execution.ID, of *queue.Queue) bool { return of == q })
}

// note says that a queue has an execution: an open one, or one whose report it knows.
func (r *registry) note(id execution.ID, q *queue.Queue) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byID[id] = q
}

// forget says that no queue has the execution any longer.
func (r *registry) forget(id execution.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byID, id)
}
