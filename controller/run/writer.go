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
)

const (
	// coalesceWindow is how long the record may not have that a Job was created.
	// Until it does, a Job that a person deletes would be created again after
	// a crash.
	coalesceWindow = time.Second
	// The pause after a write that failed doubles from the first to the last.
	firstPause, lastPause = 100 * time.Millisecond, 10 * time.Second
	// rejectedTries is after how many failures in a row, which take half a minute,
	// an event says so.
	rejectedTries = 9
	// damagedPause is the shortest before it is read again.
	damagedPause = 500 * time.Millisecond
)

// keepRecord writes the record whenever there is something to write, until the
// execution or ctx ends. It is the only writer, so that a conflict always means
// another replica, or a person.
func (e *Execution) keepRecord(ctx context.Context, fence lease.Fence) (ending Ending) {
	timer := e.Clock.NewTimer(coalesceWindow)
	defer timer.Stop()
	waiting := false // the timer runs for a write that was put off
	pauses := backoff.New(firstPause, lastPause, e.Jitter)
	failed := 0 // tries in a row
	news := e.wake
	for {
		due := false
		select {
		case <-ctx.Done():
			return ending
		case <-news:
		case <-timer.C():
			due = true
		}
		news = e.wake
		deferred, err := e.writeRecord(ctx, fence, due, &ending)
		switch {
		case ctx.Err() != nil, ending.ended():
			return ending
		case err != nil:
			if errors.Is(err, errUnreadable) {
				pauses.AtLeast(damagedPause)
			}
			if failed++; failed == rejectedTries {
				e.announceRecordRejected(ctx, err)
			}
			pause := pauses.Next()
			e.Log.Error("execution record not written, trying again", "execution", e.id, "error", err, "pause", pause)
			timer.Reset(pause)
			waiting = true
			news = nil // it waits as well: each would be another attempt
		case deferred && !waiting: // later news do not put it off
			timer.Reset(coalesceWindow)
			waiting = true
		case !deferred:
			waiting, failed = false, 0
			pauses.Reset()
		}
	}
}

// announceRecordRejected says what holds up the execution, if the API server
// answers: it goes on as soon as the record is taken.
func (e *Execution) announceRecordRejected(ctx context.Context, err error) {
	if plan.ClassifyError(err) == plan.Transient {
		return
	}
	_, message := plan.DescribeRejection(err)
	e.Announcer.Announce(ctx, e.recordReference(), true, kube.EventRecordRefused,
		execution.Truncate("the execution is held up until the API server takes its record: "+message, kube.MaxEventMessage))
}

// writeRecord brings the record up to date with what was observed, and admits
// the next tasks, or closes the execution after the last. It returns whether it
// deferred a write that is not urgent, which it does not when that is due.
func (e *Execution) writeRecord(ctx context.Context, fence lease.Fence, due bool, ending *Ending) (deferred bool, err error) {
	e.mu.Lock()
	urgency := e.ledger.Urgency()
	finished := urgency == execution.NoWrite && e.ledger.Done() && e.logsDue == 0
	var next execution.Account
	write := urgency == execution.Immediate || (urgency == execution.Deferred && due)
	if write {
		next = e.ledger.NextAccount()
	}
	e.mu.Unlock()

	switch {
	case finished:
		return false, e.close(ctx, fence, ending)
	case !write:
		return urgency == execution.Deferred, nil
	}
	return false, e.writeAccount(ctx, fence, next, ending)
}
