package run

import (
	"context"
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
)

func newWorkqueue(name string, clk clock.WithTicker) workqueue.TypedRateLimitingInterface[execution.Key] {
	// A create that fails is tried again after 50 ms, 100 ms, ... 15 s, each
	// key for itself: one bad node does not hold up the others.
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[execution.Key](50*time.Millisecond, 15*time.Second)
	return workqueue.NewTypedRateLimitingQueueWithConfig(limiter, workqueue.TypedRateLimitingQueueConfig[execution.Key]{
		Name: name, Clock: clk,
	})
}

// Run does all there is to do for the execution until it ends, or ctx does, and
// returns how, when all of it has ended. It runs once; what is not done then, another
// Execution of the same record goes on with.
func (e *Execution) Run(ctx context.Context, fence lease.Fence) Ending {
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	for range e.Workers {
		work.Go(func() { e.workOnTasks(ctx, fence) })
	}
	for range logWorkers {
		work.Go(func() { e.workOnLogs(ctx) })
	}
	ending := e.keepRecord(ctx, fence)
	e.mu.Lock()
	e.over = true
	e.mu.Unlock()
	cancel() // requests that are on their way belong to a run that is over
	e.Discard()
	work.Wait()
	return ending
}

// Discard gives back what New has taken, of an Execution that will not be run, or has
// been. It takes callbacks all the same.
func (e *Execution) Discard() {
	e.tasks.ShutDown()
	e.logs.ShutDown()
}
