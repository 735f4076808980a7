package queue

import (
	"context"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
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
		q.noteLast(a.Record().Object)
		q.release(a, hold{is: over})
		a.AnnounceClosed(ctx, *ending.Closed)
		q.adoptNext()
	case ending.Damaged != nil:
		log.Error("execution aborted: another client has damaged its record, which stays unchanged", "execution", a.ID(), "error", ending.Damaged)
		q.release(a, aloneSince(q.Opener.Clock.Now()))
		a.CountAborted()
		q.adoptNext()
	case ending.Aborted: // if the record was deleted, the garbage collector deletes its Jobs, and their pods may run meanwhile
		log.Warn("execution aborted: its record was deleted, or another client closed it", "execution", a.ID())
		q.release(a, hold{is: unclear})
		a.CountAborted()
		q.adoptNext()
	}
}

// release makes the execution history, unless another one has replaced it, with what is known
// of it from then on.
func (q *Queue) release(a *active, h hold) {
	r := a.Record()
	h.Entry, h.about = entryOf(r.Object, r.Plan.ID), kube.ExecutionReference(r.Object)
	q.mu.Lock()
	if q.active == a {
		q.active = nil
	}
	if h.is == over && (q.stopped.uid == h.UID || r.Steering().Cancel == plan.CancelStop) {
		q.stopped = stopping{uid: h.UID, until: q.Opener.Clock.Now()}
	}
	q.mu.Unlock()
	q.history.RequestPrune() // which also announces damage; before the queue may end, because of the hold
	q.hold(h)
	q.wakeDoor()
}

// aloneSince says of an execution that it is left alone from a time on.
func aloneSince(now time.Time) hold { return hold{is: alone, since: now, look: now} }

// LeaveAlone notes an execution whose record was damaged before this leader knew of it. Its
// tick has had its execution, and does not get another one.
func (q *Queue) LeaveAlone(e plan.Entry, damaged *record.DamagedError) {
	q.Opener.Log.Error("execution aborted: its record is damaged, and stays unchanged", "execution", e.ID, "error", damaged)
	h := q.aloneHold(e, damaged)
	q.hold(h)
	if h.ID != "" {
		q.history.Add(h.ID)
	}
	q.history.RequestPrune() // which also announces the damage
}

// aloneHold returns what is known of an execution whose record is damaged. The ID under which
// the state has it is that of its Jobs.
func (q *Queue) aloneHold(e plan.Entry, damaged *record.DamagedError) hold {
	h := aloneSince(q.Opener.Clock.Now())
	h.Entry, h.about = e, damaged.Reference
	if entry, ok := q.Opener.State.State().Entry(e.UID); ok {
		h.ID = entry.ID
	}
	if _, err := execution.ParseID(string(h.ID)); err != nil {
		h.ID = ""
	}
	if h.ID == "" || !damaged.Open {
		h.is = over
	}
	return h
}

// takeOver takes over an open execution. If another one is open, it runs afterwards: a person
// has edited the records.
func (q *Queue) takeOver(r record.Record, isNew bool) {
	q.hold(hold{Entry: entryOf(r.Object, r.Plan.ID), is: runs, about: kube.ExecutionReference(r.Object)})
	q.mu.Lock()
	busy := q.active != nil
	if busy {
		q.backlog = append(q.backlog, r)
	}
	q.mu.Unlock()
	if busy {
		q.history.Add(r.Plan.ID)
		return
	}
	q.Adopt(r, isNew)
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
