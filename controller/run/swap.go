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

// writeAccount writes the account into the record, and then applies it.
func (e *Execution) writeAccount(ctx context.Context, fence lease.Fence, next execution.Account, ending *Ending) error {
	if err := e.swapAccount(ctx, fence, next, ending); err != nil || ending.ended() {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ledger.Commit(next)
	e.grant()
	e.wakeWriter() // there may be more to write, or the last task may have ended
	return nil
}

// swapAccount writes the account, unless another client has written the record
// meanwhile.
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

// reread ends the run with the record as another writer left it: the next leader, while
// this one was held up, or this leader itself with a write whose response was lost. If
// this leader wanted to close the record and finds it closed, it has what it wanted: the
// record goes with the report that it has just written or found.
func (e *Execution) reread(ctx context.Context, wanted execution.Phase, ending *Ending) error {
	current, err := e.Records.Refresh(ctx, e.Record())
	var damaged *record.DamagedError
	switch {
	case apierrors.IsNotFound(err):
		ending.Aborted = true
	case errors.As(err, &damaged):
		if e.unreadable++; e.unreadable < damagedTries {
			return fmt.Errorf("%w: %w", errUnreadable, err)
		}
		ending.Damaged = damaged
	case err != nil:
		return err
	case current.Account.Phase == execution.Closed && wanted == execution.Closed:
		e.setRecord(current)
	case current.Account.Phase == execution.Closed:
		ending.Aborted = true
	default:
		ending.Overtaken = &current
	}
	return nil
}
