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

// damagedTries is how often a record is read again that cannot be read: people edit more
// than once. They take a quarter of a minute.
const damagedTries = 6

// errUnreadable says that the record was read again after a conflict, and could not be.
var errUnreadable = errors.New("another client wrote the execution record, which cannot be read any more")

// writeAccount writes the account, and takes it over.
func (e *Execution) writeAccount(ctx context.Context, fence lease.Fence, next execution.Account, ending *Ending) error {
	if err := e.swapAccount(ctx, fence, next, ending); err != nil || ending.ended() {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ledger.Commit(next)
	e.grant()
	e.wakeWriter() // there may be more, or nothing left
	return nil
}

// swapAccount writes the account if no other client wrote the record meanwhile.
func (e *Execution) swapAccount(ctx context.Context, fence lease.Fence, next execution.Account, ending *Ending) error {
	write, done, err := fence(ctx)
	if err != nil {
		return err
	}
	defer done()
	written, err := e.Records.Swap(write, e.Record(), next)
	switch {
	case err == nil:
		e.setRecord(written)
		ending.Written = true
		return nil
	case apierrors.IsConflict(err):
		return e.reread(write, next.Phase, ending)
	case apierrors.IsNotFound(err):
		ending.Aborted = true
		return nil
	default:
		return err
	}
}

func (e *Execution) setRecord(r record.Record) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.record = r
}

// reread ends the run with the record as another writer left it: a leader that took
// over while this one was held up, or this one with a write whose answer was lost.
// One that was to be closed and is closed, with the report that this leader has just
// written or found, is what was wanted.
func (e *Execution) reread(ctx context.Context, wanted execution.Phase, ending *Ending) error {
	uid := e.Record().Object.UID
	there, err := e.Records.Get(ctx, e.id)
	var damaged *record.DamagedError
	switch {
	case apierrors.IsNotFound(err):
		ending.Aborted = true
	case errors.As(err, &damaged):
		if e.damaged++; e.damaged < damagedTries {
			return fmt.Errorf("%w: %w", errUnreadable, err)
		}
		ending.Damaged = damaged
	case err != nil:
		return err
	case there.Account.Phase == execution.Closed && wanted == execution.Closed && there.Object.UID == uid:
		e.setRecord(there)
	case there.Account.Phase == execution.Closed || there.Object.UID != uid:
		ending.Aborted = true
	default:
		ending.Overtaken = &there
	}
	return nil
}
