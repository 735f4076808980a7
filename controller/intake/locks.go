package intake

import (
	"sync"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// taskLocks has a lock for each node task, as long as goroutines hold it or wait for it.
type taskLocks struct {
	mu    sync.Mutex
	locks map[execution.Key]*taskLock
}

// taskLock is held by the goroutine that has filled its channel. It is not a mutex,
// because the clock of synctest stops while a goroutine waits for one, and a disk may be
// slow.
type taskLock struct {
	held  chan struct{}
	users int // goroutines that hold it or wait for it
}

// lock acquires the lock of a node task, and returns the function that releases it.
func (l *taskLocks) lock(key execution.Key) (unlock func()) {
	l.mu.Lock()
	if l.locks == nil {
		l.locks = map[execution.Key]*taskLock{}
	}
	task := l.locks[key]
	if task == nil {
		task = &taskLock{held: make(chan struct{}, 1)}
		l.locks[key] = task
	}
	task.users++
	l.mu.Unlock()
	task.held <- struct{}{}
	return func() {
		<-task.held
		l.mu.Lock()
		defer l.mu.Unlock()
		if task.users--; task.users == 0 {
			delete(l.locks, key)
		}
	}
}
