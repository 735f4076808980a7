package state_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/state"
)

// TestChangesThatWaitAreWrittenTogether begins one execution of each definition, while a
// write is under way. One is refused.
func TestChangesThatWaitAreWrittenTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := exists(plan.State{Entries: []plan.Entry{entry("x", "d3")}})
		k := newKeeper(t, s)
		ids, errs := make([]execution.ID, 20), make([]error, 20)
		var all sync.WaitGroup
		for i := range ids {
			all.Go(func() {
				if i > 0 {
					time.Sleep(500 * time.Millisecond)
				}
				_, errs[i] = k.Change(t.Context(), leads, begin(fmt.Sprintf("d%d", i), fmt.Sprintf("e%d", i), &ids[i]))
			})
		}
		all.Wait()
		// The read is because one is refused.
		if got := s.requests(); got != "[write read write]" {
			t.Errorf("requests: %s", got)
		}
		stored := s.now()
		given := map[execution.ID]bool{}
		for i, err := range errs {
			e, _ := stored.Entry(fmt.Sprintf("e%d", i))
			if i == 3 {
				if !errors.Is(err, plan.ErrBusy) || e.UID != "" {
					t.Errorf("that of a busy definition: got %v, entry %+v", err, e)
				}
				continue
			}
			if err != nil || e.ID != ids[i] || given[ids[i]] {
				t.Errorf("execution %d: got %q, %v, entry %+v", i, ids[i], err, e)
			}
			given[ids[i]] = true
		}
		if !k.State().Equal(stored) {
			t.Errorf("the keeper has %+v, want %+v", k.State(), stored)
		}
	})
}

// TestFaultsOfAWrite makes two changes at once, of which one is bound to the chain.
func TestFaultsOfAWrite(t *testing.T) {
	tests := map[string]struct {
		faults   []fault
		edit     bool   // another client has written the state
		want     string // the requests
		wantErr  error  // of the change that is bound to no chain
		wantLost bool   // the chain breaks
	}{
		"none":                             {want: "write"},
		"a conflict":                       {edit: true, want: "write read write", wantLost: true},
		"the response is lost":             {faults: []fault{responseLost}, want: "write read", wantLost: true},
		"the request is lost":              {faults: []fault{requestLost}, want: "write read write", wantLost: true},
		"the request is late":              {faults: []fault{late}, want: "write read write", wantLost: true},
		"many requests are lost":           {faults: []fault{requestLost, requestLost, requestLost}, want: "write read write read write read write", wantLost: true},
		"the request is late, then lost":   {faults: []fault{late, requestLost}, want: "write read write read write read", wantLost: true},
		"the API server is busy":           {faults: []fault{tooMany, tooMany}, want: "write write write"},
		"the API server refuses the write": {faults: []fault{forbidden}, want: "write", wantErr: errForbidden},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := exists(plan.State{Newest: "20000101000000", Entries: []plan.Entry{{UID: "x", Name: "x", Definition: "a", ID: "20000101000000", Share: 1}}})
				k := newKeeper(t, s)
				s.faults = tt.faults
				chain := k.Chain()
				id, bound, err := bothAtOnce(t, s, k, tt.edit)
				time.Sleep(5 * time.Second) // a late write
				e, begun := s.now().Entry("e")
				if !is(err, tt.wantErr) || begun != (tt.wantErr == nil) || (begun && e.ID != id) {
					t.Errorf("got %q, %v, want %v; entry %+v", id, err, tt.wantErr, e)
				}
				wantBound := tt.wantErr
				if tt.wantLost {
					wantBound = state.ErrChain
				}
				if !is(bound, wantBound) || (k.Chain() != chain) != tt.wantLost {
					t.Errorf("bound to the chain: got %v, chain %d, was %d", bound, k.Chain(), chain)
				}
				if got := s.requests(); got != "["+tt.want+"]" {
					t.Errorf("requests: got %s, want %s", got, tt.want)
				}
				if !k.State().Equal(s.now()) {
					t.Errorf("the keeper has %+v, want %+v", k.State(), s.now())
				}
			})
		})
	}
}

// bothAtOnce grants a share, bound to the chain, and begins an execution, while another
// change is being written. If edit is set, another client writes the state meanwhile.
func bothAtOnce(t *testing.T, s *store, k *state.Keeper, edit bool) (id execution.ID, bound, err error) {
	faults, chain := s.faults, k.Chain()
	s.faults = nil
	var all sync.WaitGroup
	all.Go(func() {
		_, _ = k.Change(t.Context(), leads, state.Change{Write: true, Apply: func(*plan.State) error { return nil }})
	})
	synctest.Wait() // it is being written
	s.requests()
	s.faults = faults
	all.Go(func() {
		_, bound = k.Change(t.Context(), leads, state.Change{Chain: chain, Apply: func(s *plan.State) error { return s.Grant("x", 2, 0) }})
	})
	all.Go(func() { _, err = k.Change(t.Context(), leads, begin("c", "e", &id)) })
	time.Sleep(1500 * time.Millisecond) // they are being written
	if edit {
		s.edit(func(s *plan.State) { s.Restore(entry("y", "b")) })
	}
	all.Wait()
	return id, bound, err
}

func TestAnUnchangedStateIsNotWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nothing := func(*plan.State) error { return nil }
		s := exists(plan.State{})
		k := newKeeper(t, s)
		if chain, err := k.Change(t.Context(), leads, state.Change{Apply: nothing, Chain: k.Chain()}); err != nil || chain != k.Chain() {
			t.Errorf("got %d, %v", chain, err)
		}
		if got := s.requests(); got != "[]" {
			t.Errorf("requests: %s", got)
		}
		if _, err := k.Change(t.Context(), leads, state.Change{Apply: nothing, Write: true}); err != nil || s.requests() != "[write]" {
			t.Errorf("it demands a write: got %v", err)
		}
	})
}

// TestALateWriteComesToNothing ends an execution whose beginning may still be written.
func TestALateWriteComesToNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := exists(plan.State{})
		k := newKeeper(t, s)
		s.faults = []fault{late}
		short, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		var id execution.ID
		if _, err := k.Change(short, leads, begin("a", "e", &id)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("begin: got %v", err)
		}
		end := state.Change{Apply: func(s *plan.State) error { s.End("e"); return nil }}
		for _, want := range []string{"[write read write]", "[]"} { // one write suffices
			if _, err := k.Change(t.Context(), leads, end); err != nil || s.requests() != want {
				t.Errorf("end: got %v, want the requests %s", err, want)
			}
		}
		time.Sleep(5 * time.Second)
		if got := s.now(); len(got.Entries) > 0 {
			t.Errorf("entries %+v", got.Entries)
		}
	})
}

// TestARefusalIsConfirmed lets another client mend what a change would be refused for.
func TestARefusalIsConfirmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := exists(plan.State{Damaged: []string{"?"}})
		k := newKeeper(t, s)
		var id execution.ID
		if _, err := k.Change(t.Context(), leads, begin("a", "e", &id)); !errors.Is(err, plan.ErrDamaged) || s.requests() != "[read]" {
			t.Errorf("got %v", err)
		}
		chain := k.Chain()
		s.edit(func(s *plan.State) { s.Damaged = nil })
		if _, err := k.Change(t.Context(), leads, begin("a", "e", &id)); err != nil || id == "" {
			t.Errorf("got %q, %v", id, err)
		}
		if k.Chain() == chain {
			t.Errorf("the chain lasts, though another client wrote the state")
		}
	})
}

// TestTheFenceIsAskedForEachChange also for one that another change commits.
func TestTheFenceIsAskedForEachChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := exists(plan.State{})
		k := newKeeper(t, s)
		var ids [3]execution.ID
		var errs [3]error
		var all sync.WaitGroup
		for i, fence := range []lease.Fence{leads, leads, led} { // the last two at once
			all.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				d := string(rune('a' + i))
				_, errs[i] = k.Change(t.Context(), fence, begin(d, d, &ids[i]))
			})
		}
		all.Wait()
		if errs[0] != nil || errs[1] != nil || !errors.Is(errs[2], lease.ErrLost) || len(s.now().Entries) != 2 {
			t.Errorf("got %v, entries %+v", errs, s.now().Entries)
		}
		s.requests()
		if _, err := k.Change(t.Context(), led, begin("d", "d", &ids[0])); !errors.Is(err, lease.ErrLost) || s.requests() != "[]" {
			t.Errorf("got %v", err)
		}
	})
}

var errForbidden = errors.New("forbidden")

func is(err, want error) bool {
	return errors.Is(err, want) || (errors.Is(want, errForbidden) && apierrors.IsForbidden(err))
}

// TestAChangeWhoseContextEnds leaves the others to one of them.
func TestAChangeWhoseContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := exists(plan.State{})
		s.down = true
		k := state.NewKeeper(keeperOptions(s))
		short, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		var first, second error
		var ids [2]execution.ID
		var all sync.WaitGroup
		all.Go(func() { _, first = k.Change(short, leads, begin("a", "a", &ids[0])) })
		synctest.Wait() // it commits
		all.Go(func() { _, second = k.Change(t.Context(), leads, begin("b", "b", &ids[1])) })
		time.Sleep(21 * time.Second)
		synctest.Wait()
		if !errors.Is(first, context.DeadlineExceeded) || !errors.Is(first, errLost) {
			t.Errorf("got %v, want also why it was not written", first)
		}
		s.mu.Lock()
		s.down = false
		s.mu.Unlock()
		all.Wait()
		if got := s.now(); second != nil || len(got.Entries) != 1 || got.Entries[0].UID != "b" {
			t.Errorf("got %v, entries %+v", second, got.Entries)
		}
	})
}

// TestAWriteThatHasBegunEndsFirst makes sure that no write outlasts its term.
func TestAWriteThatHasBegunEndsFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := exists(plan.State{})
		k := newKeeper(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		var errs [2]error
		var ids [2]execution.ID
		var all sync.WaitGroup
		for i := range errs { // one commits, the other waits for its write
			d := string(rune('a' + i))
			all.Go(func() { _, errs[i] = k.Change(ctx, leads, begin(d, d, &ids[i])) })
		}
		time.Sleep(500 * time.Millisecond)
		cancel()
		all.Wait()
		written := len(s.now().Entries)
		for _, err := range errs {
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			if err == nil {
				written--
			}
		}
		if written != 0 || len(s.now().Entries) == 0 {
			t.Errorf("got %v, entries %+v", errs, s.now().Entries)
		}
	})
}

// TestNoChangeWaitsForever lets the contexts end of two changes while they are written, and
// the response gets lost: then no change is left that would go on.
func TestNoChangeWaitsForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := exists(plan.State{})
		k := newKeeper(t, s)
		s.faults = []fault{none, responseLost}
		short, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		var errs [3]error
		var ids [3]execution.ID
		var all sync.WaitGroup
		for i, ctx := range []context.Context{t.Context(), short, short} { // the last two at once
			d := string(rune('a' + i))
			all.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				_, errs[i] = k.Change(ctx, leads, begin(d, d, &ids[i]))
			})
		}
		all.Wait()
		for _, err := range errs[1:] {
			if errs[0] != nil || !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errLost) {
				t.Errorf("got %v", errs)
			}
		}
	})
}
