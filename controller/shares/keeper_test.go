package shares_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestSharesKeepMaxPods lets two replicas that do not know of each other divide maxPods, with
// writes that conflict, get lost or come late, and a state that is deleted now and then. The
// world checks the invariants at each write. In the end, one of them does all that is left.
func TestSharesKeepMaxPods(t *testing.T) {
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, seed, 1+int(seed%5), 5, 8)
			w.faulty = true
			first, endFirst := context.WithCancel(t.Context())
			var all sync.WaitGroup
			all.Go(func() { newReplica(w, 3).lead(first) })
			second, endSecond := context.WithTimeout(t.Context(), time.Hour)
			defer endSecond()
			all.Go(func() { newReplica(w, 3).lead(second) })
			for range seed % 4 {
				time.Sleep(w.pause(20 * time.Second))
				w.deleteState()
			}
			time.Sleep(time.Minute)
			endFirst()
			w.stopFaults()
			all.Wait()
			time.Sleep(10 * time.Second) // late writes
			for uid, o := range w.executions {
				if o.phase != closed {
					t.Errorf("seed %d: %s: %+v", seed, uid, *o)
				}
			}
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		})
		if t.Failed() {
			return
		}
	}
}

// TestEachGetsATurn has more executions than maxPods allows pods. Each gets a slot within as
// many slots as there are executions, whichever of their node tasks end. While it is written
// that it does, others may get those that were freed before.
func TestEachGetsATurn(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			n := 3 + int(seed%6)
			w := newWorld(t, seed, 1+int(seed)%(n-1), n, 12)
			waited := map[string]int{} // slots of others
			w.admitted = func(uid string) {
				for i := range n {
					if other := uidOf(i); other != uid && w.waits(other) {
						waited[other]++
					}
				}
				if waited[uid] > n+w.maxPods {
					t.Errorf("seed %d: %s has waited for %d slots of %d executions", seed, uid, waited[uid], n)
				}
				waited[uid] = 0
			}
			within, end := context.WithTimeout(t.Context(), time.Hour)
			defer end()
			newReplica(w, 4).lead(within)
			if within.Err() != nil {
				t.Errorf("seed %d: they do not end", seed)
			}
		})
	}
}
