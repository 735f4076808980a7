package intake

import (
	"sync"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// taskLocks are a lock for each node task, as long as it is held or waited for.
type taskLocks struct {
	mu    sync.Mutex
	locks map[execution.Key]*taskLock
}

// taskLock is held by who has put something into it: a disk may be slow, and in
// the tests' virtual time only a channel can be waited for meanwhile.
type taskLock struct {
	held  chan struct{}
	users int // that hold it or wait for it
}

// lock waits for the lock of a node task, and returns what gives it back.
func (l *taskLocks) lock(key execution.Key) (unlock func()) {
	l.mu.Lock()
	if l.locks == nil {
		l.locks = map[execution.Key]*taskLock{}
	}
	one := l.locks[key]
	if one == nil {
		one = &taskLock{held: make(chan struct{}, 1)}
		l.locks[key] = one
	}
	one.users++
	l.mu.Unlock()
	one.held <- struct{}{}
	return func() {
		<-one.held
		l.mu.Lock()
		defer l.mu.Unlock()
		if one.users--; one.users == 0 {
			delete(l.locks, key)
		}
	}
}
