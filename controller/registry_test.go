package controller

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/queue"
)

func TestTheRegistryHasTheQueuesOfDefinitions(t *testing.T) {
	const first, second = execution.ID("20261124034200"), execution.ID("20261124034201")
	r, made := newRegistry(), 0
	newQueue := func() *queue.Queue { made++; return &queue.Queue{} }
	net, isNew := r.ensure("net", newQueue)
	disk, _ := r.ensure("disk", newQueue)
	if again, madeAgain := r.ensure("net", newQueue); !isNew || madeAgain || again != net || made != 2 {
		t.Fatalf("net was made %t and again %t, of %d queues: want it made once", isNew, madeAgain, made)
	}
	if r.named("net") != net || r.named("disk") != disk || r.named("other") != nil {
		t.Error("a name has the wrong queue")
	}
	if all := r.all(); !slices.Equal(all, []*queue.Queue{disk, net}) {
		t.Errorf("got %v, want both in the order of their names", all)
	}
	r.note(first, net)
	r.note(second, disk)
	if r.of(first) != net || r.of(second) != disk || r.of("20261124034202") != nil {
		t.Error("an execution has the wrong queue")
	}
	r.forget(second)
	if r.of(second) != nil || r.of(first) != net {
		t.Error("the wrong execution was forgotten")
	}
	r.remove("net", net)
	if r.named("net") != nil || r.of(first) != nil || r.named("disk") != disk {
		t.Error("the queue of net is still there, or that of disk is not")
	}
}

// A queue that ends late must not take away its successor, of a definition that was created
// again.
func TestARemovedQueueLeavesItsSuccessorAlone(t *testing.T) {
	const old, now = execution.ID("20261124034200"), execution.ID("20261124034201")
	r := newRegistry()
	newQueue := func() *queue.Queue { return &queue.Queue{} }
	before, _ := r.ensure("net", newQueue)
	r.note(old, before)
	r.remove("net", before)
	after, _ := r.ensure("net", newQueue)
	r.note(now, after)
	r.note(old, before) // a callback of it was on its way
	r.remove("net", before)
	if r.named("net") != after || r.of(now) != after || r.of(old) != nil {
		t.Error("the successor is gone, or what was removed is not")
	}
}

func TestTheRegistryIsForManyGoroutines(t *testing.T) {
	r := newRegistry()
	var work sync.WaitGroup
	for i := range 8 {
		work.Go(func() {
			name, id := fmt.Sprint("definition-", i%3), execution.ID(fmt.Sprintf("2026112403420%d", i))
			for range 100 {
				q, _ := r.ensure(name, func() *queue.Queue { return &queue.Queue{} })
				r.note(id, q)
				r.of(id)
				r.named(name)
				r.all()
				r.forget(id)
				r.remove(name, q)
			}
		})
	}
	work.Wait()
	if all := r.all(); len(all) != 0 || len(r.byID) != 0 {
		t.Errorf("got %d queues and %d executions, want none", len(all), len(r.byID))
	}
}
