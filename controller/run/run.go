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
	// Each key has its own pauses, 50 ms, 100 ms, ... 15 s: a bad node does not delay
	// the others.
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[execution.Key](50*time.Millisecond, 15*time.Second)
	return workqueue.NewTypedRateLimitingQueueWithConfig(limiter, workqueue.TypedRateLimitingQueueConfig[execution.Key]{
		Name: name, Clock: clk,
	})
}

// Run runs the execution until it ends, or ctx does, and returns after its last goroutine
// has ended. It is called once: what is unfinished then is for another Execution of the
// same record.
func (e *Execution) Run(ctx context.Context, fence lease.Fence) Ending {
	ctx, cancel := context.WithCancel(ctx)
	var work sync.WaitGroup
	for range e.Workers {
		work.Go(func() { e.workOnTasks(ctx, fence) })
	}
	for range logWorkers {
		work.Go(func() { e.workOnLogs(ctx) })
	}
	leave := e.join()
	ending := e.keepRecord(ctx, fence)
	leave()
	e.mu.Lock()
	e.over = true
	e.mu.Unlock()
	cancel() // the workers' requests are of no use to an ended run
	e.Discard()
	work.Wait()
	return ending
}

// Discard releases the work queues, of an Execution that has run or will never run. Its
// callbacks are still accepted.
func (e *Execution) Discard() {
	e.tasks.ShutDown()
	e.logs.ShutDown()
}
