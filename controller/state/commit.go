package state

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/batch-job-controller/batch-job-controller/controller/kube"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/timing"
)

// commit tries once to write all changes that wait. Those that neither are written nor
// refused wait on. It acts for the change that commits.
func (k *Keeper) commit(w *waiting) {
	if !k.pause(w.ctx) {
		return
	}
	wasRead := k.unsure
	if k.unsure {
		if err := k.read(w.ctx); err != nil {
			k.failed(w, err)
			return
		}
	}
	base, ok := k.base(w)
	if !ok {
		return
	}
	batch, write, done := k.allowed(k.take())
	defer done()
	if len(batch) == 0 {
		return
	}
	next, refused, demanded := k.apply(base.State, batch)
	if refused && !wasRead { // perhaps only because this process knows a stale state
		k.unsure = true
		k.putBack(batch, nil)
		return
	}
	k.write(write, batch, Stored{State: next, Object: base.Object}, demanded)
}

// pause waits until it is time for the next try. It reports whether ctx has not ended.
func (k *Keeper) pause(ctx context.Context) bool {
	if k.retryAt.IsZero() {
		return true
	}
	if !timing.Sleep(ctx, k.Clock, k.retryAt, nil) {
		return false
	}
	k.retryAt = time.Time{}
	return true
}

// base returns the state to change. A state that is missing is created first, as one that is
// being restored: it has to exist before the Executions are read whose entries it gets,
// or a second deletion would go unnoticed. It is restored when it is written again.
func (k *Keeper) base(w *waiting) (base Stored, ok bool) {
	base = k.present()
	if !base.Restoring {
		return base, true
	}
	if base.Object == nil {
		k.Log.Info("the state does not exist: it is created, and restored from the executions")
		if !k.create(w, base) {
			return base, false
		}
		base = k.present()
	}
	if k.Rebuild != nil {
		if err := k.Rebuild(w.ctx, w.fence, k.known.Clone(), &base.State); err != nil {
			k.failed(w, fmt.Errorf("restore the state: %w", err))
			return base, false
		}
	}
	base.Restoring = false
	return base, true
}

// create creates the state.
func (k *Keeper) create(w *waiting, base Stored) (ok bool) {
	write, done, err := w.fence(w.ctx)
	if err != nil {
		k.refuse(w, err)
		return false
	}
	defer done()
	written, err := k.Store.Swap(write, base)
	if err != nil {
		k.notWritten(k.take(), base, err)
		return false
	}
	k.wrote(written)
	return true
}

// present returns a copy of the state as it was last read or written.
func (k *Keeper) present() Stored {
	k.mu.Lock()
	defer k.mu.Unlock()
	present := k.current
	present.State = present.Clone()
	return present
}

// write writes the next state, unless it is the present one. But if an earlier write may
// still be carried out, it would change that one later: a write makes it conflict.
func (k *Keeper) write(ctx context.Context, batch []*waiting, next Stored, demanded bool) {
	if next.Equal(k.State()) {
		if !demanded && (k.lost == nil || *k.lost != next.Version()) {
			k.succeeded(batch)
			return
		}
		next.Grants++ // an update that changes nothing is no write
	}
	written, err := k.Store.Swap(ctx, next)
	if err != nil {
		k.notWritten(batch, next, err)
		return
	}
	k.wrote(written)
	k.succeeded(batch)
}

func (k *Keeper) wrote(written Stored) {
	k.lost = nil
	k.mu.Lock()
	defer k.mu.Unlock()
	k.current = written
}

// allowed returns the changes that may still be written, with the context of the write.
func (k *Keeper) allowed(all []*waiting) (batch []*waiting, write context.Context, done context.CancelFunc) {
	done = func() {}
	for _, w := range all {
		ctx, cancel, err := w.fence(w.ctx)
		switch {
		case err != nil:
			w.end(0, err)
			continue
		case len(batch) == 0:
			write, done = ctx, cancel
		default:
			cancel()
		}
		batch = append(batch, w)
	}
	return batch, write, done
}

// apply applies the changes one after the other. It reports whether one is refused, and
// whether one demands a write.
func (k *Keeper) apply(s plan.State, batch []*waiting) (next plan.State, refused, demanded bool) {
	chain := k.Chain()
	for _, w := range batch {
		changed := s.Clone()
		if w.Chain != 0 && w.Chain != chain {
			w.refusal = ErrChain
		} else {
			w.refusal = w.Apply(&changed)
		}
		switch {
		case w.refusal == nil:
			s, demanded = changed, demanded || w.Write
		case !errors.Is(w.refusal, ErrChain):
			refused = true
		}
	}
	return s, refused, demanded
}

// succeeded ends the changes: the state has them, except those that are refused.
func (k *Keeper) succeeded(batch []*waiting) {
	k.pauses.Reset()
	k.failures = 0
	chain := k.Chain()
	for _, w := range batch {
		w.end(chain, w.refusal)
	}
}

// notWritten goes on after a write that failed, or whose response was lost.
func (k *Keeper) notWritten(batch []*waiting, next Stored, err error) {
	conflict := errors.Is(err, ErrConflict)
	isLost := !conflict && kube.MayBeCarriedOut(err)
	if conflict || isLost {
		k.breakChain()
		k.unsure = true
	}
	if isLost {
		k.lost = new(next.Version())
	}
	switch {
	case conflict && k.failures == 0: // at once
		k.failures++
		k.Log.Warn("another client has written the state: it is read again", "error", err)
		k.putBack(batch, err)
	case conflict:
		k.retry(batch, err)
	default:
		k.failedOrRefused(batch, err)
	}
}

// failed goes on after the change that commits could not read or restore the state.
func (k *Keeper) failed(w *waiting, err error) {
	switch {
	case w.ctx.Err() != nil: // no fault: another change commits
	case errors.Is(err, lease.ErrLost):
		k.refuse(w, err)
	default:
		k.failedOrRefused(k.take(), err)
	}
}

func (k *Keeper) failedOrRefused(batch []*waiting, err error) {
	if !kube.MayBeCarriedOut(err) && !apierrors.IsTooManyRequests(err) {
		for _, w := range batch {
			w.end(0, err)
		}
		return
	}
	k.retry(batch, err)
}

// retry lets changes wait on, and the next commit pause.
func (k *Keeper) retry(batch []*waiting, err error) {
	k.failures++
	k.retryAt = k.Clock.Now().Add(k.pauses.Next())
	k.Log.Error("a step failed, trying again", "step", "write the state", "error", err)
	k.putBack(batch, err)
}
