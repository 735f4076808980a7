package callback

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// taskLimiter has a gate for each node task, in front of the shared gate: a node task
// with many slow requests must not block the others.
type taskLimiter struct {
	most  int
	wait  time.Duration
	mu    sync.Mutex
	gates map[execution.Key]*taskGate // only of node tasks with requests
}

type taskGate struct {
	*gate
	requests int
}

// taskQueue is how many requests of a node task may wait for each admitted request.
const taskQueue = 8

func newTaskLimiter(most int, wait time.Duration) *taskLimiter {
	return &taskLimiter{most: most, wait: wait, gates: map[execution.Key]*taskGate{}}
}

// enter waits until the node task may have another request in progress.
func (c *taskLimiter) enter(ctx context.Context, key execution.Key) (leave func(), err error) {
	depart, err := c.acquire(key).enter(ctx)
	if err == nil {
		return func() { depart(); c.release(key) }, nil
	}
	c.release(key)
	var limit *execution.LimitError
	if errors.As(err, &limit) {
		return nil, &execution.LimitError{
			Limit: execution.RequestsPerTask, Err: execution.ErrTooMany, RetryAfter: time.Second,
			Message: fmt.Sprintf("a node may have %d requests in progress (callback.limits.%s): %s", c.most, execution.RequestsPerTask, limit.Message),
		}
	}
	return nil, err
}

func (c *taskLimiter) acquire(key execution.Key) *taskGate {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.gates[key]
	if g == nil {
		g = &taskGate{gate: newGate(c.most, taskQueue*c.most, c.wait)}
		c.gates[key] = g
	}
	g.requests++
	return g
}

func (c *taskLimiter) release(key execution.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.gates[key]
	if g.requests--; g.requests == 0 {
		delete(c.gates, key)
	}
}
