package limits

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Gate bounds the requests of one kind in progress and in the queue, and rejects the
// others: ten thousand pods may end in the same second. The rejected client did nothing
// wrong, and gets 503: the server is busy.
type Gate struct {
	slots *semaphore.Weighted
	queue *semaphore.Weighted
	wait  time.Duration
}

// NewGate returns a gate with slots for requests in progress. As many requests as the
// queue has room for wait for one of them.
func NewGate(slots, queue int, wait time.Duration) *Gate {
	return &Gate{
		slots: semaphore.NewWeighted(int64(slots)),
		queue: semaphore.NewWeighted(int64(queue)),
		wait:  wait,
	}
}

// Enter waits for a slot, which leave frees.
func (g *Gate) Enter(ctx context.Context) (leave func(), err error) {
	leave = func() { g.slots.Release(1) }
	if g.slots.TryAcquire(1) {
		return leave, nil
	}
	if !g.queue.TryAcquire(1) {
		return nil, &execution.LimitError{Limit: execution.Queue, Err: execution.ErrUnavailable, Message: "too many requests are waiting"}
	}
	defer g.queue.Release(1)
	waiting, cancel := context.WithTimeout(ctx, g.wait)
	defer cancel()
	if g.slots.Acquire(waiting, 1) == nil {
		return leave, nil
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%w: %w", ErrBroken, ctx.Err())
	}
	return nil, &execution.LimitError{Limit: execution.QueueDeadline, Err: execution.ErrUnavailable, Message: fmt.Sprintf("waited %s in the queue", g.wait)}
}
