package state_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/state"
)

// TestTwoKeepersAtOnce lets two replicas begin and end executions of three definitions.
// Writes conflict, responses get lost, requests come late, contexts end.
func TestTwoKeepersAtOnce(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			s := exists(plan.State{})
			for range 60 {
				s.faults = append(s.faults, fault(max(0, random.IntN(8)-int(late))))
			}
			s.written = func(before, after plan.State) { checkWrite(t, seed, before, after) }
			given := &givenIDs{}
			var all sync.WaitGroup
			for replica := range 2 {
				k := newKeeper(t, s)
				for _, definition := range []string{"a", "b", "c"} {
					own := rand.New(rand.NewPCG(seed, random.Uint64()))
					all.Go(func() {
						for n := range 15 {
							fire(t, k, own, definition, fmt.Sprintf("%s-%d-%d", definition, replica, n), given)
						}
					})
				}
			}
			all.Wait()
			time.Sleep(5 * time.Second) // late writes
			if given.n < 10 {
				t.Errorf("seed %d: only %d executions have begun", seed, given.n)
			}
		})
	}
}

// fire begins an execution and ends it again.
func fire(t *testing.T, k *state.Keeper, random *rand.Rand, definition, uid string, given *givenIDs) {
	time.Sleep(time.Duration(random.IntN(5000)) * time.Millisecond)
	within, cancel := context.WithTimeout(t.Context(), time.Duration(1+random.IntN(10_000))*time.Millisecond)
	defer cancel()
	var id execution.ID
	if _, err := k.Change(within, leads, begin(definition, uid, &id)); err == nil {
		given.note(t, id, uid)
	}
	time.Sleep(time.Duration(random.IntN(3000)) * time.Millisecond)
	// It may have begun, also if the context has ended.
	if _, err := k.Change(t.Context(), leads, state.Change{Apply: func(s *plan.State) error { s.End(uid); return nil }}); err != nil {
		t.Errorf("end %s: %v", uid, err)
	}
}

// givenIDs are the IDs that executions have got.
type givenIDs struct {
	mu sync.Mutex
	of map[execution.ID]string
	n  int
}

func (g *givenIDs) note(t *testing.T, id execution.ID, uid string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.of == nil {
		g.of = map[execution.ID]string{}
	}
	if other := g.of[id]; id == "" || other != "" {
		t.Errorf("%s and %s both have the ID %q", other, uid, id)
	}
	g.of[id] = uid
	g.n++
}

func checkWrite(t *testing.T, seed uint64, before, after plan.State) {
	began := 0
	open := map[string]string{}
	for _, e := range after.Entries {
		if open[e.Definition] != "" {
			t.Errorf("seed %d: %s and %s are both open", seed, open[e.Definition], e.UID)
		}
		open[e.Definition] = e.UID
		if _, ok := before.Entry(e.UID); !ok {
			began++
			if e.ID <= before.Newest {
				t.Errorf("seed %d: ID %s after %s", seed, e.ID, before.Newest)
			}
		}
	}
	if began > 3 || after.Newest < before.Newest {
		t.Errorf("seed %d: %d begin, newest %s after %s", seed, began, after.Newest, before.Newest)
	}
}
