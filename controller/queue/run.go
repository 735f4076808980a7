package queue

import (
	"context"
	"sync"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// The pause before an execution whose record another client has written runs again: that
// costs a request, and a turn of every task.
const firstConflictPause, lastConflictPause = 500 * time.Millisecond, 10 * time.Second

// Run opens executions when they are due, runs them, and prunes the history, until ctx
// ends, or the NodeCronJob is gone and nothing is left to do. It returns after its last
// goroutine has ended.
func (q *Queue) Run(ctx context.Context, fence lease.Fence) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var work sync.WaitGroup
	work.Go(func() { q.runExecutions(ctx, fence) })
	work.Go(func() { defer stop(); q.door.Run(ctx, fence) })
	work.Go(func() { q.history.Run(ctx, fence) })
	work.Wait()
	if a := q.current(); a != nil {
		a.Discard() // the next term continues from the record
	}
}

// runExecutions runs open executions, one after the other, until ctx ends.
func (q *Queue) runExecutions(ctx context.Context, fence lease.Fence) {
	pauses := backoff.New(firstConflictPause, lastConflictPause, q.Opener.Jitter)
	for {
		a := q.current()
		if a == nil {
			select {
			case <-ctx.Done():
				return
			case <-q.begun:
				continue
			}
		}
		ending := a.Run(ctx, fence)
		q.end(ctx, a, ending)
		if ctx.Err() != nil {
			return
		}
		if ending.Written {
			pauses.Reset()
		}
		if clk := q.Opener.Clock; ending.Overtaken != nil {
			timing.Sleep(ctx, clk, clk.Now().Add(pauses.Next()), nil)
		}
	}
}
