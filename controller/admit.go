package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/batch-job-controller/batch-job-controller/controller/backoff"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

const (
	// lazyWrite is how long the record may not know that a Job was created.
	// Until it does, a Job that somebody deletes would be created again after
	// a crash.
	lazyWrite = time.Second
	// The pause after a write that failed doubles from the first to the last.
	firstPause, lastPause = 100 * time.Millisecond, 10 * time.Second
	// conflictPause is the shortest after a conflict, which costs another
	// request and gives every task a turn.
	conflictPause = 500 * time.Millisecond
	// refusedTries is after how many refusals in a row, which take half a minute,
	// an event tells of them.
	refusedTries = 9
)

// errOvertaken says that the record was read again instead of written.
var errOvertaken = errors.New("somebody else wrote the execution record")

// keepRecord writes the open record whenever there is something to write. It
// is the only one who does, so that a conflict always means another replica.
func (c *Controller) keepRecord(ctx context.Context, fence lease.Fence) {
	timer := c.Clock.NewTimer(lazyWrite)
	defer timer.Stop()
	waiting := false // the timer runs for a lazy write
	pauses := backoff.New(firstPause, lastPause, c.Jitter)
	failed := 0 // tries in a row
	news := c.wake
	for {
		due := false
		select {
		case <-ctx.Done():
			return
		case <-news:
		case <-timer.C():
			due = true
		}
		news = c.wake
		lazy, err := c.writeRecord(ctx, fence, due)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if errors.Is(err, errOvertaken) {
				pauses.AtLeast(conflictPause)
			}
			if failed++; failed == refusedTries {
				c.tellRecordRefused(ctx, err)
			}
			pause := pauses.Next()
			c.Log.Error("execution record not written, trying again", "error", err, "pause", pause)
			timer.Reset(pause)
			waiting = true
			news = nil // it waits as well: each would be another attempt
		case lazy && !waiting: // later news do not put it off
			timer.Reset(lazyWrite)
			waiting = true
		case !lazy:
			waiting, failed = false, 0
			pauses.Reset()
		}
	}
}

// tellRecordRefused says what holds up the open execution, if the API server
// answers: it goes on as soon as the record is taken.
func (c *Controller) tellRecordRefused(ctx context.Context, err error) {
	open := c.current()
	if open == nil || plan.Judge(err) == plan.Unheard {
		return
	}
	_, message := plan.Refusal(err)
	c.announce(ctx, kube.ConfigMapReference(open.Object), true, kube.EventRecordRefused,
		execution.Truncate("the execution is held up until the API server takes its record: "+message, kube.MaxEventMessage))
}

// writeRecord brings the record up to date with what was observed, and admits
// the next tasks. It returns whether it put off a write that is not urgent,
// which it does not when it is due.
func (c *Controller) writeRecord(ctx context.Context, fence lease.Fence, due bool) (lazy bool, err error) {
	c.mu.Lock()
	if c.open == nil {
		c.mu.Unlock()
		return false, nil
	}
	open := c.open
	urgency := open.ledger.Urgency()
	finished := urgency == execution.Idle && open.ledger.Done() && open.logsDue == 0
	var next execution.Account
	write := urgency == execution.Hasty || (urgency == execution.Lazy && due)
	if write {
		next = open.ledger.Draft()
	}
	c.mu.Unlock()

	switch {
	case finished:
		return false, c.closeExecution(ctx, fence, open)
	case !write:
		return urgency == execution.Lazy, nil
	}
	if err := c.swapAccount(ctx, fence, open, next); err != nil {
		return false, err
	}
	c.commit(open, next)
	c.adoptNext() // if this one was given up
	return false, nil
}

// swapAccount writes the account if nobody else wrote the record meanwhile.
func (c *Controller) swapAccount(ctx context.Context, fence lease.Fence, open *openExecution, next execution.Account) error {
	write, done, err := fence(ctx)
	if err != nil {
		return err
	}
	defer done()
	written, err := c.records.Swap(write, open.record, next)
	switch {
	case err == nil:
		c.mu.Lock()
		open.record = written
		c.mu.Unlock()
		return nil
	case apierrors.IsConflict(err):
		return c.reread(write, open, next.Phase, err)
	case apierrors.IsNotFound(err):
		c.abort(open)
		return nil
	default:
		return err
	}
}

// reread starts over from the record as another writer left it: a leader that
// took over while this one was held up, or this one with a write whose answer
// was lost. One that was to be closed and is closed, with the report that this
// leader has just written or found, is what was wanted.
func (c *Controller) reread(ctx context.Context, open *openExecution, wanted execution.Phase, conflict error) error {
	there, err := c.records.Get(ctx, open.record.Plan.ID)
	var damaged *record.DamagedError
	switch {
	case apierrors.IsNotFound(err):
		c.abort(open)
		return nil
	case errors.As(err, &damaged):
		if open.damaged++; open.damaged < damagedTries {
			return fmt.Errorf("%w: %w", errOvertaken, err)
		}
		c.leaveAlone(open, damaged)
		return nil
	case err != nil:
		return err
	case there.Account.Phase == execution.Closed && wanted == execution.Closed && there.Object.UID == open.record.Object.UID:
		c.mu.Lock()
		open.record = there
		c.mu.Unlock()
		return nil
	case there.Account.Phase == execution.Closed || there.Object.UID != open.record.Object.UID:
		c.abort(open)
		return nil
	}
	c.adopt(there, false)
	return fmt.Errorf("%w: %w", errOvertaken, conflict)
}

// abort lets go of an execution whose record is gone: somebody deleted it, and
// the garbage collector deletes its Jobs, or another leader closed it.
func (c *Controller) abort(open *openExecution) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open != open {
		return
	}
	c.open = nil
	c.Metrics.SetPool(0, open.record.Plan.Settings.PodPoolSize)
	c.Metrics.ExecutionClosed("aborted", c.Clock.Now(), 0)
	c.Log.Warn("execution given up: its record was deleted, or another writer closed it", "execution", open.record.Plan.ID)
}

// commit takes the written account over.
func (c *Controller) commit(open *openExecution, written execution.Account) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open != open { // it was read again or given up
		return
	}
	open.ledger.Commit(written)
	c.grant(open)
	c.notifyKeeper() // there may be more, or nothing left
}

// grant gives free slots to the next tasks, which may then create their Jobs.
// The caller holds c.mu.
func (c *Controller) grant(open *openExecution) {
	p := open.record.Plan
	now := c.Clock.Now()
	for _, i := range open.ledger.Grant() {
		memory := &open.tasks[i]
		memory.grantedAt = now
		if len(open.freed) > 0 {
			memory.slotFreed, open.freed = open.freed[0], open.freed[1:]
		}
		c.tasks.Add(execution.Key{Execution: p.ID, Node: p.Nodes[i].Name})
	}
	c.Metrics.SetPool(open.ledger.InFlight(), p.Settings.PodPoolSize)
}
