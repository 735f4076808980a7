package callback

import (
	"context"
	"fmt"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// gate bounds the requests in progress and in the queue, and rejects the others: ten
// thousand pods may end in the same second.
type gate struct {
	slots   chan struct{}
	waiting chan struct{}
	wait    time.Duration
}

func newGate(slots, queue int, wait time.Duration) *gate {
	return &gate{
		slots:   make(chan struct{}, slots),
		waiting: make(chan struct{}, queue),
		wait:    wait,
	}
}

// enter waits for a slot, which leave frees.
func (g *gate) enter(ctx context.Context) (leave func(), err error) {
	leave = func() { <-g.slots }
	select {
	case g.slots <- struct{}{}:
		return leave, nil
	default:
	}
	select {
	case g.waiting <- struct{}{}:
		defer func() { <-g.waiting }()
	default:
		return nil, &execution.LimitError{Limit: execution.Queue, Err: execution.ErrUnavailable, Message: "too many requests are waiting"}
	}
	timeout := time.NewTimer(g.wait)
	defer timeout.Stop()
	select {
	case g.slots <- struct{}{}:
		return leave, nil
	case <-timeout.C:
		return nil, &execution.LimitError{Limit: execution.QueueDeadline, Err: execution.ErrUnavailable, Message: fmt.Sprintf("waited %s in the queue", g.wait)}
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", errBroken, ctx.Err())
	}
}
