package queue

import (
	"context"

	"github.com/batch-job-controller/batch-job-controller/controller/door"
	"github.com/batch-job-controller/batch-job-controller/controller/run"
)

// end does what follows when the run of an execution has ended.
func (q *Queue) end(ctx context.Context, a *active, ending run.Ending) {
	switch log := q.Opener.Log; {
	case ending.Overtaken != nil:
		log.Warn("another client wrote the execution record: the execution runs again from it", "execution", a.ID())
		q.Adopt(*ending.Overtaken, false)
	case ending.Closed != nil:
		q.noteLast(a.Record().Object)
		q.release(a, door.Over)
		a.AnnounceClosed(ctx, *ending.Closed)
		q.adoptNext()
	case ending.Damaged != nil:
		log.Error("execution aborted: another client has damaged its record, which stays unchanged", "execution", a.ID(), "error", ending.Damaged)
		q.release(a, door.Alone)
		a.CountAborted()
		q.adoptNext()
	case ending.Aborted: // if the record was deleted, the garbage collector deletes its Jobs, and their pods may run meanwhile
		log.Warn("execution aborted: its record was deleted, or another client closed it", "execution", a.ID())
		q.release(a, door.Unclear)
		a.CountAborted()
		q.adoptNext()
	}
}

// release makes the execution history, unless another one has replaced it, with what is known
// of it from then on.
func (q *Queue) release(a *active, is door.Fate) {
	r := a.Record()
	if is == door.Over {
		q.door.EndStop(r)
	}
	q.mu.Lock()
	if q.active == a {
		q.active = nil
	}
	q.mu.Unlock()
	q.history.RequestPrune() // which also announces damage; before the queue may end, because of the hold
	q.door.Release(r, is)
}

// adoptNext takes over the oldest execution of the backlog, unless one is open.
func (q *Queue) adoptNext() {
	if q.current() == nil {
		q.adoptOldest()
	}
}

// adoptOldest takes over the oldest execution of the backlog. It replaces the open one,
// which an earlier term of this leader remembers. The backlog has one at most, unless a
// person has edited the records.
func (q *Queue) adoptOldest() {
	q.mu.Lock()
	if len(q.backlog) == 0 {
		q.mu.Unlock()
		return
	}
	next := q.backlog[0]
	q.backlog = q.backlog[1:]
	q.mu.Unlock()
	q.Adopt(next, false)
}
