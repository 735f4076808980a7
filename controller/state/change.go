package state

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// Change is a change of the state.
type Change struct {
	// Apply changes a state that may be newer than what this process knew, or refuses to.
	// A state that it refuses to change is left as it was. It is called again if the write
	// fails, also after a write whose response was lost, so it must not matter whether the
	// state has the change already. Another goroutine may call it, but not after Change has
	// returned.
	Apply func(s *plan.State) error
	// Chain is the chain to which the change is bound. 0: it is bound to none.
	Chain uint64
	// Write demands a write although the state does not change: it proves that no other
	// client has written the state since this process did.
	Write bool
}

// ErrChain says that the chain has broken to which a change is bound. Whether the state has
// the change is not known.
var ErrChain = errors.New("the state was written by another client, or a response was lost")

// waiting is a change that waits until it is written or refused.
type waiting struct {
	Change
	ctx   context.Context
	fence lease.Fence

	failure error // of the last try; the lock of the Keeper guards it
	refusal error // of Apply, for the change that commits

	done  chan struct{} // closed when there are
	chain uint64
	err   error
}

// Change writes a change of the state, together with all others that wait. It tries until
// ctx ends, unless the change is refused: by Apply, as the state is now; by the API server;
// by the fence; or with ErrChain. It returns the chain in which it was written.
//
// If ctx ends, the change may have been written, or may still be.
func (k *Keeper) Change(ctx context.Context, fence lease.Fence, c Change) (chain uint64, err error) {
	w := &waiting{Change: c, ctx: ctx, fence: fence, done: make(chan struct{})}
	k.mu.Lock()
	k.waiting = append(k.waiting, w)
	k.mu.Unlock()
	for {
		select {
		case <-w.done:
			return w.chain, w.err
		case <-ctx.Done():
			k.withdraw(w)
			<-w.done // a request that has begun ends first
			return w.chain, w.err
		case k.committing <- struct{}{}:
			if !w.hasEnded() {
				k.commit(w)
			}
			<-k.committing
		}
	}
}

// withdraw ends the wait of a change whose context has ended, unless a write may have it.
func (k *Keeper) withdraw(w *waiting) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.remove(w) {
		w.end(0, w.ended())
	}
}

// refuse ends the wait of a change that no write may have.
func (k *Keeper) refuse(w *waiting, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.remove(w) {
		w.end(0, err)
	}
}

func (k *Keeper) remove(w *waiting) bool {
	i := slices.Index(k.waiting, w)
	if i >= 0 {
		k.waiting = slices.Delete(k.waiting, i, i+1)
	}
	return i >= 0
}

// take returns the changes that wait. Until they end or are put back, they cannot be
// withdrawn.
func (k *Keeper) take() []*waiting {
	k.mu.Lock()
	defer k.mu.Unlock()
	batch := k.waiting
	k.waiting = nil
	return batch
}

// putBack lets changes wait on. A change that is bound to a chain that has broken does not.
func (k *Keeper) putBack(batch []*waiting, failure error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, w := range batch {
		if failure != nil {
			w.failure = failure
		}
		switch {
		case w.Chain != 0 && w.Chain != k.chain:
			w.end(0, ErrChain)
		case w.ctx.Err() != nil:
			w.end(0, w.ended())
		default:
			k.waiting = append(k.waiting, w)
		}
	}
}

func (w *waiting) hasEnded() bool {
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}

// end ends the wait.
func (w *waiting) end(chain uint64, err error) {
	w.chain, w.err = chain, err
	close(w.done)
}

// ended is the error of a change whose context has ended.
func (w *waiting) ended() error {
	if w.failure == nil {
		return w.ctx.Err()
	}
	return fmt.Errorf("%w: %w", w.ctx.Err(), w.failure)
}
