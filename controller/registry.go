package controller

import (
	"maps"
	"slices"
	"sync"

	"github.com/batch-job-controller/batch-job-controller/controller/queue"
)

// registry has the queues of the definitions. Its lock is taken after the Manager's and before
// a queue's, and never held while a queue is called.
type registry struct {
	mu sync.RWMutex
	// byName also has the queues of definitions that are gone, until their executions have
	// ended.
	byName map[string]*queue.Queue
	sorted []*queue.Queue // by name; it is replaced, never changed
}

func newRegistry() *registry { return &registry{byName: map[string]*queue.Queue{}} }

// named returns the queue of a definition, or nil.
func (r *registry) named(name string) *queue.Queue {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byName[name]
}

// all returns the queues, in the order of their definitions' names.
func (r *registry) all() []*queue.Queue {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.sorted
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
	r.sort()
	return q, true
}

// remove forgets a queue.
func (r *registry) remove(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byName, name)
	r.sort()
}

func (r *registry) sort() {
	r.sorted = make([]*queue.Queue, 0, len(r.byName))
	for _, name := range slices.Sorted(maps.Keys(r.byName)) {
		r.sorted = append(r.sorted, r.byName[name])
	}
}
