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
	// coalesceWindow is how long the record may lack a created Job, so that one write
	// has many of them. Until the write, a Job that a client deletes would be created
	// again after a crash.
	coalesceWindow = time.Second
	// The pause after a failed write doubles from the first to the last.
	firstPause, lastPause = 100 * time.Millisecond, 10 * time.Second
	// rejectedTries is after how many failures in a row, about half a minute, an event
	// reports them.
	rejectedTries = 9
	// damagedPause is the shortest pause before a damaged record is read again.
	damagedPause = 500 * time.Millisecond
)

// keepRecord writes the record whenever there is something to write, until the run or ctx
// ends. It is the only writer in this process, so that a conflict always means another
// client.
func (e *Execution) keepRecord(ctx context.Context, fence lease.Fence) (ending Ending) {
	timer := e.Clock.NewTimer(coalesceWindow)
	defer timer.Stop()
	waiting := false // the timer runs for a deferred write, or for another try
	pauses := backoff.New(firstPause, lastPause, e.Jitter)
	failures := 0 // in a row
	wake := e.wake
	for {
		due := false
		select {
		case <-ctx.Done():
			return ending
		case <-wake:
		case <-timer.C():
			due = true
		}
		wake = e.wake
		deferred, err := e.writeRecord(ctx, fence, due, &ending)
		switch {
		case ctx.Err() != nil, ending.ended():
			return ending
		case err != nil:
			if errors.Is(err, errUnreadable) {
				pauses.AtLeast(damagedPause)
			}
			if failures++; failures == rejectedTries {
				e.announceRecordRejected(ctx, err)
			}
			pause := pauses.Next()
			e.Log.Error("execution record not written, trying again", "execution", e.id, "error", err, "pause", pause)
			timer.Reset(pause)
			waiting = true
			wake = nil // until then, so that each wake is not another try
		case deferred && !waiting: // a deferred write is not deferred again
			timer.Reset(coalesceWindow)
			waiting = true
		case !deferred:
			waiting, failures = false, 0
			pauses.Reset()
		}
	}
}

// announceRecordRejected writes an event about why the API server rejects the record,
// unless the fault may be transient. The execution continues as soon as a write succeeds.
func (e *Execution) announceRecordRejected(ctx context.Context, err error) {
	if plan.ClassifyError(err) == plan.Transient {
		return
	}
	_, message := plan.DescribeRejection(err)
	e.Announcer.Announce(ctx, e.recordReference(), true, kube.EventRecordRefused,
		execution.Truncate("the execution is held up until the API server takes its record: "+message, kube.MaxEventMessage))
}

// writeRecord writes what was observed and admits the next tasks, or closes the execution
// after the last one. It reports whether it deferred a write that is not urgent; due means
// that such a write is not deferred any longer.
func (e *Execution) writeRecord(ctx context.Context, fence lease.Fence, due bool, ending *Ending) (deferred bool, err error) {
	e.mu.Lock()
	urgency := e.ledger.Urgency(execution.Admission{Share: execution.NoShare})
	finished := urgency == execution.NoWrite && e.ledger.Done() && e.logsDue == 0
	var next execution.Account
	write := urgency == execution.Immediate || (urgency == execution.Deferred && due)
	if write {
		next = e.ledger.NextAccount(execution.Admission{Share: execution.NoShare})
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
