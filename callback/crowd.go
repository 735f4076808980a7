package callback

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// crowd is a gate for each node task, before that of all: one that sends many
// requests slowly must not take the turns of the others.
type crowd struct {
	most  int
	wait  time.Duration
	mu    sync.Mutex
	gates map[execution.Key]*taskGate // only of those that have requests
}

type taskGate struct {
	*gate
	requests int
}

// crowdQueue is how many requests of a node task wait for each that is let in.
const crowdQueue = 8

func newCrowd(most int, wait time.Duration) *crowd {
	return &crowd{most: most, wait: wait, gates: map[execution.Key]*taskGate{}}
}

// enter waits for a turn among the requests of the node task.
func (c *crowd) enter(ctx context.Context, key execution.Key) (leave func(), err error) {
	depart, err := c.join(key).enter(ctx)
	if err == nil {
		return func() { depart(); c.part(key) }, nil
	}
	c.part(key)
	var limit *execution.LimitError
	if errors.As(err, &limit) {
		return nil, &execution.LimitError{
			Limit: execution.RequestsPerTask, Err: execution.ErrTooMany, RetryAfter: time.Second,
			Message: fmt.Sprintf("%d of a node are worked on at a time (callback.limits.%s): %s", c.most, execution.RequestsPerTask, limit.Message),
		}
	}
	return nil, err
}

func (c *crowd) join(key execution.Key) *taskGate {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.gates[key]
	if g == nil {
		g = &taskGate{gate: newGate(c.most, crowdQueue*c.most, c.wait)}
		c.gates[key] = g
	}
	g.requests++
	return g
}

func (c *crowd) part(key execution.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.gates[key]
	if g.requests--; g.requests == 0 {
		delete(c.gates, key)
	}
}
