package run

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"

	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
	"github.com/batch-job-controller/batch-job-controller/controller/shares"
	"github.com/batch-job-controller/batch-job-controller/controller/state"
)

// sharing is a state with entries, which no other client writes.
type sharing struct {
	mu  sync.Mutex
	now plan.State
}

func (s *sharing) State() plan.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now.Clone()
}

func (s *sharing) Chain() uint64 { return 1 }

func (s *sharing) Change(_ context.Context, _ lease.Fence, c state.Change) (uint64, error) {
	next := s.State()
	if err := c.Apply(&next); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = next
	return 1, nil
}

// sharingExecution is an open execution of three node tasks and a pool of two.
func sharingExecution(t *testing.T, share *int32, keeper Shares) *Execution {
	t.Helper()
	r := newRereading(t)
	e := r.Execution
	e.Clock, e.Shares, e.Priority, e.wake = clock.RealClock{}, keeper, func() int { return 0 }, make(chan struct{}, 1)
	e.record.Object.Status.PodShare = share
	e.record.Object.Status.ObservedGeneration = e.record.Object.Generation
	e.ledger = execution.NewLedger(e.record.Plan, e.record.Account)
	return e
}

// plans returns how many tasks the next write would admit, and its share; -1: none.
func plans(w writing) (admitted, share int) {
	if w.next == nil {
		return 0, -1
	}
	if share = -1; w.next.Share != nil {
		share = int(*w.next.Share)
	}
	return w.next.Account.Admitted.Len(), share
}

func TestWithoutAKeeperTheShareStays(t *testing.T) {
	tests := map[string]struct {
		share                   *int32
		wantAdmitted, wantShare int
	}{
		"none":          {nil, 3, -1},
		"of one task":   {new(int32(1)), 1, 1},
		"of more tasks": {new(int32(5)), 3, 5},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			admitted, share := plans(sharingExecution(t, tt.share, nil).toWrite(true))
			if admitted != tt.wantAdmitted || share != tt.wantShare {
				t.Errorf("got %d admitted, share %d", admitted, share)
			}
		})
	}
}

// TestTheShareGrowsAndShrinks has an execution be granted a share, write it, pause, and lower
// it, because another one needs it.
func TestTheShareGrowsAndShrinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sharing{}
		keeper := shares.New(shares.Options{State: s, Max: func() int { return 2 }, Clock: clock.RealClock{}, Log: slog.New(slog.DiscardHandler)})
		go keeper.Run(t.Context(), nil)
		e := sharingExecution(t, new(int32), keeper)
		uid := string(e.record.Object.UID)
		s.now.Entries = []plan.Entry{{UID: uid, Definition: "a"}, {UID: "other", Definition: "b"}}
		defer e.join()()

		if w := e.toWrite(false); w.next != nil {
			t.Errorf("with no share: got %+v", w.next)
		}
		synctest.Wait()
		if len(e.wake) == 0 {
			t.Error("the writer is not woken")
		}
		w := e.toWrite(false)
		if admitted, share := plans(w); admitted != 2 || share != 2 || !w.next.Write {
			t.Fatalf("got %d admitted, share %d", admitted, share)
		}
		e.record.Object.Status.PodShare, e.record.Account = w.next.Share, w.next.Account
		e.ledger.Commit(w.next.Account)
		e.writtenShare(w.next.Account)

		other := keeper.Join("other", 0, make(chan struct{}, 1))
		other.Plan(shares.Claim{Want: 2})
		if w := e.toWrite(false); w.next != nil {
			t.Errorf("both of its slots are in use: got %+v", w.next)
		}
		e.ledger.Finish(0, execution.End{Outcome: execution.Outcome{State: execution.Succeeded}})
		w = e.toWrite(false)
		if admitted, share := plans(w); admitted != 2 || share != 1 || !w.next.Write {
			t.Errorf("one has ended: got %d admitted, share %d", admitted, share)
		}
		e.loseShare()
		if again := e.toWrite(false); again.next == nil || *again.next.Share != 1 {
			t.Errorf("the response was lost: got %+v", again.next)
		}
	})
}

func TestAPausedExecutionWantsNoShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sharing{}
		keeper := shares.New(shares.Options{State: s, Max: func() int { return 2 }, Clock: clock.RealClock{}, Log: slog.New(slog.DiscardHandler)})
		go keeper.Run(t.Context(), nil)
		e := sharingExecution(t, new(int32), keeper)
		e.record.Object.Spec.Paused = true
		s.now.Entries = []plan.Entry{{UID: string(e.record.Object.UID), Definition: "a"}}
		defer e.join()()
		e.toWrite(false)
		synctest.Wait()
		if w := e.toWrite(false); w.next != nil || s.State().Entries[0].Share != 0 {
			t.Errorf("got %+v, state %+v", w.next, s.State())
		}
	})
}

// TestNoMoreIsAdmittedThanTheShare writes an account that the ledger does not make.
func TestNoMoreIsAdmittedThanTheShare(t *testing.T) {
	var two execution.Indexes
	two.Add(0)
	two.Add(1)
	tests := map[string]struct {
		share *int32
		want  error
	}{
		"no share":          {nil, nil},
		"enough of a share": {new(int32(2)), nil},
		"too small a share": {new(int32(1)), errExceedsShare},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := sharingExecution(t, nil, nil)
			next := record.Next{Account: execution.Account{Admitted: two}, Share: tt.share}
			if err := e.checkShare(next); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}
