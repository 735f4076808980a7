package shares_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/utils/clock"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/shares"
	"github.com/batch-job-controller/batch-job-controller/controller/state"
)

// stored is a state that only this process writes, when a test lets it.
type stored struct {
	gate chan struct{} // a change waits for a value

	mu     sync.Mutex
	now    plan.State
	chain  uint64
	writes int
	fails  int               // so many changes fail
	change func(*plan.State) // is called once, after the next change was applied and before it is written
}

func (s *stored) State() plan.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now.Clone()
}

func (s *stored) Chain() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.chain
}

// breakChain has another client write the state.
func (s *stored) breakChain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chain++
}

func (s *stored) Change(ctx context.Context, _ lease.Fence, c state.Change) (uint64, error) {
	select {
	case <-s.gate:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	next := s.State()
	if c.Chain != s.Chain() {
		return 0, state.ErrChain
	}
	if err := c.Apply(&next); err != nil {
		return 0, err
	}
	if s.change != nil {
		change := s.change
		s.change = nil
		change(&next)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.fails > 0:
		s.fails--
		return 0, errLost
	case c.Chain != s.chain:
		return 0, state.ErrChain
	case !next.Equal(s.now):
		s.writes++
	}
	s.now = next
	return s.chain, nil
}

// holder is an open execution: its share in the Execution, and what it claims.
type holder struct {
	share int
	shares.Claim
	isOther bool // of another process

	member *shares.Member
	wake   chan struct{}
}

// rig has executions a, b and so on, whose entries have shares.
type rig struct {
	*stored
	keeper  *shares.Keeper
	max     atomic.Int64
	holders []*holder
}

func newRig(t *testing.T, maxPods int, entries []int, holders []holder) *rig {
	r := &rig{stored: &stored{gate: make(chan struct{}), chain: 1}}
	r.max.Store(int64(maxPods))
	for i, share := range entries {
		r.now.Entries = append(r.now.Entries, plan.Entry{UID: nameOf(i), Name: nameOf(i), Definition: nameOf(i), Share: share})
	}
	r.keeper = shares.New(shares.Options{State: r.stored, Max: func() int { return int(r.max.Load()) }, Clock: clock.RealClock{}, Log: slog.New(slog.DiscardHandler)})
	for i, h := range holders {
		if !h.isOther {
			h.wake = make(chan struct{}, 1)
			h.member = r.keeper.Join(nameOf(i), h.share, h.wake)
		}
		r.holders = append(r.holders, &h)
	}
	go r.keeper.Run(t.Context(), leads)
	return r
}

func nameOf(i int) string { return string(rune('a' + i)) }

// rounds lets the changes of the state be made that wait.
func (r *rig) rounds() {
	for {
		synctest.Wait()
		select {
		case r.gate <- struct{}{}:
		default:
			return
		}
	}
}

// write has each execution write what is due, and then the state be changed, until nothing is
// left to do.
func (r *rig) write(t *testing.T) {
	due := true
	for range 6 {
		due = false
		for _, h := range r.holders {
			if h.isOther {
				continue
			}
			if step := h.member.Plan(h.Claim); step.Due {
				due, h.share = true, step.Share
				h.member.Written(h.Exposed)
			}
		}
		r.rounds()
	}
	if due {
		t.Error("there is no end of what is due")
	}
}

// String returns the shares in the Executions and in the state.
func (r *rig) String() string {
	var all []string
	s := r.State()
	for i, h := range r.holders {
		e, _ := s.Entry(nameOf(i))
		all = append(all, fmt.Sprintf("%d/%d", h.share, e.Share))
	}
	return strings.Join(all, " ")
}

func TestWhatEachGets(t *testing.T) {
	const none = execution.NoShare
	of := func(share, exposed, want int) holder {
		return holder{share: share, Claim: shares.Claim{Exposed: exposed, Want: want}}
	}
	first := func(h holder) holder { h.Priority = 5; return h }
	other := holder{isOther: true}
	tests := map[string]struct {
		maxPods    int
		entries    []int // their shares in the state
		holders    []holder
		restoring  bool
		want       string // share in the Execution / in the state
		wantWrites int    // of the state
	}{
		"no cap":                                    {0, []int{none}, []holder{of(none, 3, 10)}, false, "-1/-1", 0},
		"alone":                                     {30, []int{0}, []holder{of(0, 0, 10)}, false, "10/10", 1},
		"two at once":                               {30, []int{0, 0}, []holder{of(0, 0, 40), of(0, 0, 40)}, false, "15/15 15/15", 1},
		"what is not used goes to a newcomer":       {10, []int{10, 0}, []holder{of(10, 7, 10), of(0, 0, 10)}, false, "7/7 3/3", 1},
		"what is in use does not":                   {10, []int{10, 0}, []holder{of(10, 10, 10), of(0, 0, 10)}, false, "10/10 0/0", 0},
		"what keeps no other waiting stays":         {20, []int{10, 3}, []holder{of(10, 2, 2), of(3, 3, 3)}, false, "10/10 3/3", 0},
		"by priority":                               {10, []int{0, 0}, []holder{of(0, 0, 10), first(of(0, 0, 8))}, false, "2/2 8/8", 1},
		"a raise half done, and no one needs it":    {10, []int{8}, []holder{of(3, 3, 3)}, false, "3/8", 0},
		"a raise half done, and another needs it":   {10, []int{8, 0}, []holder{of(3, 3, 3), of(0, 0, 10)}, false, "3/3 7/7", 2},
		"a raise half done is granted anew":         {10, []int{8}, []holder{of(3, 3, 8)}, false, "8/8", 1},
		"a raise half done, for less than it wants": {10, []int{8, 0}, []holder{of(3, 3, 10), of(0, 0, 10)}, false, "5/5 5/5", 2},
		"the part of another process stays":         {10, []int{0, 6}, []holder{of(0, 0, 10), other}, false, "4/4 0/6", 1},
		"one of another process has no share":       {10, []int{2, none}, []holder{of(2, 2, 10), other}, false, "2/2 0/-1", 0},
		"the state is being restored":               {10, nil, []holder{of(2, 2, 10)}, true, "2/0", 0},
		"a cap is introduced":                       {10, []int{none, none}, []holder{of(none, 6, 10), of(none, 2, 10)}, false, "6/6 4/4", 1},
		"a cap is introduced, and is exceeded":      {10, []int{none, none}, []holder{of(none, 9, 10), of(none, 8, 10)}, false, "9/9 8/8", 1},
		"it was introduced, but the state not told": {10, []int{none}, []holder{of(4, 4, 4)}, false, "4/4", 1},
		"a cap is removed":                          {0, []int{3, 7}, []holder{of(3, 3, 10), of(7, 7, 10)}, false, "-1/-1 -1/-1", 1},
		"a cap is removed, a raise was half done":   {0, []int{none}, []holder{of(3, 3, 10)}, false, "-1/-1", 1},
		"a cap is lowered":                          {6, []int{10, 5}, []holder{of(10, 10, 10), of(5, 1, 5)}, false, "10/10 3/3", 1},
		"a cap is lowered below all that is in use": {1, []int{2, 3}, []holder{of(2, 2, 9), of(3, 3, 9)}, false, "2/2 3/3", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, tt.maxPods, tt.entries, tt.holders)
				r.now.Restoring = tt.restoring
				r.write(t)
				if r.String() != tt.want || r.writes != tt.wantWrites {
					t.Errorf("got %s in %d writes, want %s in %d", r, r.writes, tt.want, tt.wantWrites)
				}
			})
		})
	}
}

// TestAChangeOfMaxPodsAppliesAtOnce changes it from one to the next.
func TestAChangeOfMaxPodsAppliesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		claim := holder{share: execution.NoShare, Claim: shares.Claim{Exposed: 2, Want: 8}}
		r := newRig(t, 0, []int{execution.NoShare, execution.NoShare}, []holder{claim, claim})
		r.write(t)
		for _, tt := range []struct {
			maxPods int
			want    string
		}{{10, "5/5 5/5"}, {6, "3/3 3/3"}, {3, "2/2 2/2"}, {30, "8/8 8/8"}, {0, "-1/-1 -1/-1"}} {
			r.max.Store(int64(tt.maxPods))
			r.keeper.Divide()
			r.rounds()
			for i, h := range r.holders {
				if len(h.wake) == 0 {
					t.Errorf("maxPods %d: %s is not woken", tt.maxPods, nameOf(i))
				}
				<-h.wake
			}
			r.write(t)
			for _, h := range r.holders {
				select {
				case <-h.wake:
				default:
				}
			}
			if r.String() != tt.want {
				t.Errorf("maxPods %d: got %s, want %s", tt.maxPods, r, tt.want)
			}
		}
	})
}

// TestAFailedRoundIsTriedAgain has the API server refuse two of them.
func TestAFailedRoundIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 10, []int{0}, []holder{{Claim: shares.Claim{Want: 5}}})
		r.fails = 2
		for n, want := range []string{"0/0", "0/0", "5/5"} {
			if r.write(t); r.String() != want {
				t.Errorf("try %d: got %s, want %s", n+1, r, want)
			}
			time.Sleep(time.Minute)
		}
	})
}

// TestOneThatLeaves leaves its share to others when its entry is removed, not before.
func TestOneThatLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 10, []int{8, 2}, []holder{{share: 8, Claim: shares.Claim{Want: 8}}, {share: 2, Claim: shares.Claim{Exposed: 2, Want: 10}}})
		r.holders[0].member.Leave()
		r.holders[0].isOther = true
		r.write(t)
		if r.String() != "8/8 2/2" {
			t.Errorf("got %s", r)
		}
		r.mu.Lock()
		r.now.End("a")
		r.mu.Unlock()
		r.keeper.Divide()
		r.rounds()
		if len(r.holders[1].wake) == 0 {
			t.Error("the other one is not woken")
		}
		if r.write(t); r.String() != "8/0 10/10" {
			t.Errorf("after its end: got %s", r)
		}
	})
}

func TestTheFirstShare(t *testing.T) {
	entries := []int{3, 4}
	tests := map[string]struct {
		maxPods, want int
		state         func(*plan.State)
		wantShare     int
	}{
		"no cap":                    {0, 5, nil, execution.NoShare},
		"all of it is free":         {20, 5, nil, 5},
		"some of it is":             {10, 5, nil, 3},
		"none is":                   {7, 5, nil, 0},
		"less than what was given":  {5, 5, nil, 0},
		"one has no share":          {20, 5, func(s *plan.State) { s.Entries[0].Share = execution.NoShare }, 0},
		"the state is not restored": {20, 5, func(s *plan.State) { s.Restoring = true }, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, tt.maxPods, entries, nil)
				s := r.State()
				if tt.state != nil {
					tt.state(&s)
				}
				share, maxPods := r.keeper.First(s, "x", shares.Claim{Want: tt.want})
				if share != tt.wantShare || maxPods != tt.maxPods || len(s.Entries) != 2 {
					t.Errorf("got %d of %d", share, maxPods)
				}
			})
		})
	}
}
