package queue

import (
	"context"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/run"
)

// end does what follows when the run of an execution has ended.
func (q *Queue) end(ctx context.Context, a *active, ending run.Ending) {
	switch log := q.Opener.Log; {
	case ending.Overtaken != nil:
		log.Warn("another client wrote the execution record: the execution runs again from it", "execution", a.ID())
		q.Adopt(*ending.Overtaken, false)
	case ending.Closed != nil:
		q.release(a)
		a.AnnounceClosed(ctx, *ending.Closed)
		q.history.RequestPrune()
		q.adoptNext()
	case ending.Damaged != nil:
		log.Error("execution aborted: another client has damaged its record, which stays unchanged", "execution", a.ID(), "error", ending.Damaged)
		q.history.LeaveAlone(a.ID(), ending.Damaged)
		q.release(a)
		a.CountAborted()
		q.history.RequestPrune() // which also announces the damage
		q.adoptNext()
	case ending.Aborted: // if the record was deleted, the garbage collector deletes its Jobs
		log.Warn("execution aborted: its record was deleted, or another client closed it", "execution", a.ID())
		q.release(a)
		a.CountAborted()
		q.adoptNext()
	}
}

// release makes the execution history, unless another one has replaced it.
func (q *Queue) release(a *active) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.active == a {
		q.active = nil
	}
}

// LeaveAlone notes an execution whose record was damaged before this leader knew of it. Its
// tick has had its execution, and does not get another one.
func (q *Queue) LeaveAlone(id execution.ID, damaged *record.DamagedError) {
	q.Opener.Log.Error("execution aborted: its record is damaged, and stays unchanged", "execution", id, "error", damaged)
	if damaged.Open {
		q.history.LeaveAlone(id, damaged)
	}
	q.history.Add(id)
	q.history.RequestPrune() // which also announces the damage
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
