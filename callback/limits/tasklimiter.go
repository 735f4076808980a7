package limits

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// TaskLimiter has a gate for each node task, in front of the shared gate: a node task
// with many slow requests must not block the others. The client of a rejected request
// sends too many, and gets 429 instead of the shared gate's 503.
type TaskLimiter struct {
	most  int
	wait  time.Duration
	mu    sync.Mutex
	gates map[execution.Key]*taskGate // only of node tasks with requests
}

type taskGate struct {
	*Gate
	requests int
}

// taskQueue is how many requests of a node task may wait for each admitted request.
const taskQueue = 8

// NewTaskLimiter returns a limiter of the requests in progress of each node task. Eight
// times as many wait.
func NewTaskLimiter(most int, wait time.Duration) *TaskLimiter {
	return &TaskLimiter{most: most, wait: wait, gates: map[execution.Key]*taskGate{}}
}

// Enter waits until the node task may have another request in progress.
func (t *TaskLimiter) Enter(ctx context.Context, key execution.Key) (leave func(), err error) {
	leaveGate, err := t.acquire(key).Enter(ctx)
	if err == nil {
		return func() { leaveGate(); t.release(key) }, nil
	}
	t.release(key)
	var limit *execution.LimitError
	if errors.As(err, &limit) {
		return nil, &execution.LimitError{
			Limit: execution.RequestsPerTask, Err: execution.ErrTooMany, RetryAfter: time.Second,
			Message: fmt.Sprintf("a node may have %d requests in progress (callback.limits.%s): %s", t.most, execution.RequestsPerTask, limit.Message),
		}
	}
	return nil, err
}

func (t *TaskLimiter) acquire(key execution.Key) *taskGate {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := t.gates[key]
	if g == nil {
		g = &taskGate{Gate: NewGate(t.most, taskQueue*t.most, t.wait)}
		t.gates[key] = g
	}
	g.requests++
	return g
}

func (t *TaskLimiter) release(key execution.Key) {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := t.gates[key]
	if g.requests--; g.requests == 0 {
		delete(t.gates, key)
	}
}
