package queue

import (
	"context"
	"sync"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// The pause before an execution is run anew whose record another client wrote: that
// costs another request, and gives every task a turn.
const firstConflictPause, lastConflictPause = 500 * time.Millisecond, 10 * time.Second

// Run opens executions when they are due, runs them, and drops those that are older than
// the history, until ctx ends. It returns when all of that has ended.
func (q *Queue) Run(ctx context.Context, fence lease.Fence) {
	var work sync.WaitGroup
	work.Go(func() { q.runExecutions(ctx, fence) })
	work.Go(func() { q.ticker.Run(ctx, fence) })
	work.Go(func() { q.history.Run(ctx, fence) })
	work.Wait()
	if a := q.current(); a != nil {
		a.Discard() // the next term goes on from its record
	}
}

// runExecutions runs one open execution after the other, until ctx ends.
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
