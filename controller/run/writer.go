package run

import (
	"context"
	"errors"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/shares"
)

const (
	// coalesceWindow is how long the record may lack a created Job, so that one write
	// has many of them. Until the write, a Job that a client deletes would be created
	// again after a crash.
	coalesceWindow = time.Second
	// runningPause is the shortest time between two writes of which the second one only says
	// how many pods run.
	runningPause = 10 * time.Second
	// The pause after a failed write doubles from the first to the last.
	firstPause, lastPause = 100 * time.Millisecond, 10 * time.Second
	// rejectedTries is after how many failures in a row, about half a minute, an event
	// reports them.
	rejectedTries = 9
	// damagedPause is the shortest pause before a damaged record is read again.
	damagedPause = 500 * time.Millisecond
	// triesAtOnce is how often a write is tried without a pause while another client
	// changes the spec or the metadata of the Execution, and movingPause the shortest pause
	// then, without jitter.
	triesAtOnce, movingPause = 2, 1500 * time.Millisecond
)

// errMoving means that each try to write met a conflict, although the record is the same.
var errMoving = errors.New("another client keeps changing the spec or the metadata of the Execution")

// keepRecord writes the record whenever there is something to write, until the run or ctx
// ends. It is the only writer in this process, so that a conflict means another client, or an
// earlier write of its own whose response was lost.
func (e *Execution) keepRecord(ctx context.Context, fence lease.Fence) (ending Ending) {
	// ObjectChanged is not called for a change between the read of the record and now.
	if !e.Executions.Shows(e.Record().Object) {
		e.changed.Store(true)
	}
	timer := e.Clock.NewTimer(coalesceWindow)
	defer timer.Stop()
	var due time.Time // when the timer ends for a deferred write; zero: none waits for it
	pauses := backoff.New(firstPause, lastPause, e.Jitter)
	failures := 0 // in a row
	wake := e.wake
	for {
		isDue := false
		select {
		case <-ctx.Done():
			return ending
		case <-wake:
		case <-timer.C():
			isDue, due = true, time.Time{}
		}
		wake = e.wake
		wait, err := e.writeRecord(ctx, fence, isDue, &ending)
		switch {
		case ctx.Err() != nil, ending.ended():
			return ending
		case err != nil:
			if failures++; failures == rejectedTries {
				e.notices.RecordRejected(ctx, err)
			}
			pause := pauseAfter(err, pauses)
			e.Log.Error("execution record not written, trying again", "execution", e.id, "error", err, "pause", pause)
			timer.Reset(pause)
			wake = nil // until then, so that each wake is not another try
		case wait > 0: // but a deferred write is not deferred again
			if at := e.Clock.Now().Add(wait); due.IsZero() || at.Before(due) {
				timer.Reset(wait)
				due = at
			}
		default:
			due, failures = time.Time{}, 0
			pauses.Reset()
		}
	}
}

// pauseAfter returns how long to wait after a write that failed.
func pauseAfter(err error, pauses *backoff.Backoff) time.Duration {
	switch {
	case errors.Is(err, errUnreadable):
		pauses.AtLeast(damagedPause)
	case errors.Is(err, errMoving):
		pauses.AtLeast(movingPause)
	}
	return pauses.Next()
}

// writeRecord writes what was observed and admits the next tasks, or closes the execution
// after the last one. It returns how long a write that is not urgent may wait; isDue means
// that such a write has waited.
func (e *Execution) writeRecord(ctx context.Context, fence lease.Fence, isDue bool, ending *Ending) (wait time.Duration, err error) {
	if err := e.readIfChanged(ctx, ending); err != nil {
		return 0, err
	}
	for range triesAtOnce {
		if ending.ended() {
			return 0, nil
		}
		todo := e.toWrite(isDue)
		done := false
		switch {
		case todo.abort:
			ending.Aborted = true
		case todo.close:
			done, err = e.close(ctx, fence, todo.share, ending)
		case todo.next != nil:
			if done, err = e.writeAccount(ctx, fence, *todo.next, ending); done {
				e.announceSteering(ctx)
			}
		default:
			return todo.wait, nil
		}
		if done || err != nil {
			return 0, err
		}
	}
	if ending.ended() {
		return 0, nil
	}
	return 0, errMoving
}

// readIfChanged reads the Execution again if another client may have changed it. While it
// closes, its spec does not matter any more, and only the write that closes it can tell
// whether this leader has closed it: an earlier try may have had no response.
func (e *Execution) readIfChanged(ctx context.Context, ending *Ending) error {
	if !e.changed.Swap(false) || e.Record().Account.Phase == execution.Closing {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, kube.RequestTimeout)
	defer cancel()
	_, err := e.reread(ctx, "", ending)
	if err != nil {
		e.changed.Store(true)
	}
	return err
}

// writing is what the writer does next.
type writing struct {
	abort bool          // the Execution is being deleted
	close bool          // the last task has ended
	share shares.Step   // what it writes of maxPods
	next  *record.Next  // what it writes; nil: nothing now
	wait  time.Duration // how long what there is to write may wait; 0: there is nothing
}

// toWrite decides what the writer does next.
func (e *Execution) toWrite(isDue bool) writing {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.cancelUnadmitted()
	share := e.planShare()
	admission := plan.NextAdmission(e.steering(), share.Admit)
	heldBack := e.isHeldBack()
	var wait time.Duration
	switch urgency := e.ledger.Urgency(admission); {
	case e.record.Deleted():
		return writing{abort: true}
	case urgency == execution.NoWrite && e.ledger.Done() && e.logsDue == 0:
		return writing{close: true, share: share}
	case urgency == execution.Immediate, share.Due, e.isUnobserved() && !heldBack: // a slot or a person waits for it
	case urgency == execution.Deferred && !isDue:
		wait = coalesceWindow
	case urgency == execution.NoWrite && heldBack:
		wait = coalesceWindow
	case urgency == execution.NoWrite && e.ledger.Running() == e.record.Running():
		return writing{}
	case urgency == execution.NoWrite:
		wait = runningPause - e.Clock.Since(e.written)
	}
	if wait > 0 {
		return writing{wait: wait}
	}
	next := e.next(e.ledger.NextAccount(admission), share)
	return writing{next: &next}
}
