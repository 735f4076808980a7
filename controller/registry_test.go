package controller

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/controller/queue"
)

func TestTheRegistryHasTheQueuesOfDefinitions(t *testing.T) {
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
	before := r.all()
	if !slices.Equal(before, []*queue.Queue{disk, net}) {
		t.Errorf("got %v, want both in the order of their names", before)
	}
	r.remove("net")
	if r.named("net") != nil || r.named("disk") != disk || !slices.Equal(r.all(), []*queue.Queue{disk}) {
		t.Error("the queue of net is still there, or that of disk is not")
	}
	if len(before) != 2 || before[1] != net {
		t.Error("a list that was returned before has changed")
	}
}

func TestTheRegistryIsForManyGoroutines(t *testing.T) {
	r := newRegistry()
	var work sync.WaitGroup
	for i := range 8 {
		work.Go(func() {
			name := fmt.Sprint("definition-", i%3)
			for range 100 {
				r.ensure(name, func() *queue.Queue { return &queue.Queue{} })
				r.named(name)
				r.all()
				r.remove(name)
			}
		})
	}
	work.Wait()
	if all := r.all(); len(all) != 0 {
		t.Errorf("got %d queues, want none", len(all))
	}
}
