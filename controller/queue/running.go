package queue

import (
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// running is what the door learns of the executions that this replica runs. It implements
// door.Running and door.Queue.
type running struct{ *Queue }

// TakeOver implements door.Running. If another execution is open, this one runs afterwards: a
// person has edited the records.
func (q running) TakeOver(r record.Record, isNew bool) {
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

// RecordOf implements door.Running.
func (q running) RecordOf(uid string) (record.Record, bool) {
	if a := q.current(); a != nil {
		if r := a.Record(); string(r.Object.UID) == uid {
			return r, true
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, r := range q.backlog {
		if string(r.Object.UID) == uid {
			return r, true
		}
	}
	return record.Record{}, false
}

// ReadAgain implements door.Running.
func (q running) ReadAgain(uid string) {
	if a := q.current(); a != nil && string(a.Record().Object.UID) == uid {
		a.ObjectChanged()
	}
}

// IsIdle implements door.Queue.
func (q running) IsIdle() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.active == nil && len(q.backlog) == 0
}

// Restore implements door.Queue.
func (q running) Restore() { q.restoreResults() }

// TellStatus implements door.Queue.
func (q running) TellStatus(lastTick, nextTick time.Time) { q.tellStatus(lastTick, nextTick) }
