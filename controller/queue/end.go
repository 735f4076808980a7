package queue

import (
	"context"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/run"
)

// end does what follows from how the run of an execution ended.
func (q *Queue) end(ctx context.Context, a *active, ending run.Ending) {
	switch log := q.Opener.Log; {
	case ending.Overtaken != nil:
		log.Warn("another client wrote the execution record: it is run anew", "execution", a.ID())
		q.Adopt(*ending.Overtaken, false)
	case ending.Closed != nil:
		q.release(a)
		a.AnnounceClosed(ctx, *ending.Closed)
		q.history.RequestPrune()
		q.adoptNext()
	case ending.Damaged != nil:
		log.Error("execution given up: its record cannot be read any more, and is left alone", "execution", a.ID(), "error", ending.Damaged)
		q.history.LeaveAlone(a.ID(), ending.Damaged)
		q.release(a)
		a.CountAborted()
		q.history.RequestPrune() // which announces it
		q.adoptNext()
	case ending.Aborted: // if the record was deleted, the garbage collector deletes its Jobs
		log.Warn("execution aborted: its record was deleted, or another client closed it", "execution", a.ID())
		q.release(a)
		a.CountAborted()
		q.adoptNext()
	}
}

// release lets go of an execution.
func (q *Queue) release(a *active) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.active == a {
		q.active = nil
	}
}

// LeaveAlone leaves the record alone that was damaged before this leader knew
// that it had been created: the tick has had its execution.
func (q *Queue) LeaveAlone(id execution.ID, damaged *record.DamagedError) {
	q.Opener.Log.Error("execution given up: its record cannot be read, and is left alone", "execution", id, "error", damaged)
	if damaged.Open {
		q.history.LeaveAlone(id, damaged)
	}
	q.history.Add(id)
	q.history.RequestPrune() // which announces it
}

// adoptNext goes on with the oldest execution that an earlier leader left
// open, unless one is in flight.
func (q *Queue) adoptNext() {
	if q.current() == nil {
		q.adoptOldest()
	}
}

// adoptOldest goes on with the oldest execution that is left open, also in place
// of what an earlier term of this leader remembers of it. There is one at most,
// unless a person has edited the records.
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
