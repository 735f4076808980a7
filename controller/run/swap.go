package run

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// damagedTries is how many times a damaged record is read before the run ends: a person who
// edits it may correct it at once. The tries take 15 seconds.
const damagedTries = 6

// errUnreadable means that the record was read again after a conflict, and is damaged.
var errUnreadable = errors.New("another client has written the execution record, and it can no longer be parsed")

// writeAccount writes the account into the record, and then applies it. It reports whether
// it has written it: see swapAccount.
func (e *Execution) writeAccount(ctx context.Context, fence lease.Fence, next record.Next, ending *Ending) (written bool, err error) {
	written, err = e.swapAccount(ctx, fence, next, ending)
	if !written {
		return false, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ledger.Commit(next.Account)
	e.writtenShare(next.Account)
	e.grant()
	e.wakeWriter() // there may be more to write, or the last task may have ended
	return true, nil
}

// swapAccount writes the account, unless another client has written the record meanwhile. It
// reports whether the record has the account. If it does not, without an error, the run has
// ended or another client has changed the spec or the metadata of the Execution: what to
// write has to be decided again.
func (e *Execution) swapAccount(ctx context.Context, fence lease.Fence, next record.Next, ending *Ending) (written bool, err error) {
	if err := e.checkShare(next); err != nil {
		return false, err
	}
	write, done, err := fence(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	current, err := e.Records.Swap(write, e.Record(), next)
	if err != nil {
		e.loseShare()
	}
	switch {
	case err == nil:
		e.setRecord(current)
		e.written = e.Clock.Now()
		ending.Written = true
		return true, nil
	case apierrors.IsConflict(err):
		return e.reread(write, next.Account.Phase, ending)
	case apierrors.IsNotFound(err):
		ending.Aborted = true
		return false, nil
	default:
		return false, err
	}
}

func (e *Execution) setRecord(r record.Record) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.record = r
}

// reread reads the record again after another client has changed the Execution. If its
// status is the same, only the spec or the metadata has changed: the run goes on, with the
// steering of the new spec. That is safe although another leader may have written in
// between, as the account only grows: equal accounts mean that nothing happened.
//
// Otherwise it ends the run with the record as another writer left it: the next leader, while
// this one was held up, or this leader itself with a write whose response was lost. If
// this leader wanted to close the record and finds it closed, it reports that the record has
// what it wanted: the record goes with the report that it has just written or found.
func (e *Execution) reread(ctx context.Context, wanted execution.Phase, ending *Ending) (has bool, err error) {
	last := e.Record()
	current, err := e.Records.Refresh(ctx, last)
	var damaged *record.DamagedError
	switch {
	case apierrors.IsNotFound(err):
		ending.Aborted = true
	case errors.As(err, &damaged):
		if e.unreadable++; e.unreadable < damagedTries {
			return false, fmt.Errorf("%w: %w", errUnreadable, err)
		}
		ending.Damaged = damaged
	case err != nil:
		return false, err
	case current.Account.Phase == execution.Closed && wanted == execution.Closed:
		e.setRecord(current)
		return true, nil
	case current.Account.Phase == execution.Closed, current.Deleted():
		ending.Aborted = true
	case current.SameStatus(last):
		e.unreadable = 0
		e.follow(current)
	default:
		ending.Overtaken = &current
	}
	return false, nil
}

// follow takes over the Execution as another client has changed it.
func (e *Execution) follow(current record.Record) {
	e.loseShare()
	e.mu.Lock()
	defer e.mu.Unlock()
	before := e.steering()
	e.record = current
	e.steer(before)
}
