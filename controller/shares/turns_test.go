package shares_test

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"github.com/batch-job-controller/batch-job-controller/controller/shares"
)

// use has each execution write what is due, and use the slots that it gets, until nothing is
// left to do. It returns which have got some.
func (r *rig) use() (got map[int]bool) {
	got = map[int]bool{}
	for range 6 {
		for i, h := range r.holders {
			step := h.member.Plan(h.Claim)
			more := max(step.Admit-h.Exposed, 0)
			got[i] = got[i] || more > 0
			h.share, h.Exposed = step.Share, h.Exposed+more
			h.member.Written(h.Exposed)
		}
		r.rounds()
	}
	return got
}

// TestEqualClaimsTakeTurns has more executions than maxPods allows pods, and their node tasks
// end one after the other. Each gets a slot within as many ends as there are executions, and
// no slot stays free.
func TestEqualClaimsTakeTurns(t *testing.T) {
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			n := 2 + random.IntN(6)
			maxPods := 1 + random.IntN(n-1)
			holders := make([]holder, n)
			for i := range holders {
				holders[i].Claim = shares.Claim{Want: 9}
			}
			r := newRig(t, maxPods, make([]int, n), holders)
			r.use()
			waited := make([]int, n) // ends without a slot
			for range 10 * n {
				i := random.IntN(n)
				for r.holders[i].Exposed == 0 {
					i = (i + 1) % n
				}
				r.holders[i].Exposed--
				got, inUse := r.use(), 0
				for i, h := range r.holders {
					inUse += h.Exposed
					if waited[i]++; got[i] || h.Exposed > 0 {
						waited[i] = 0
					}
					if waited[i] >= n {
						t.Errorf("seed %d: %s has waited for %d ends, maxPods %d, %d executions", seed, nameOf(i), waited[i], maxPods, n)
					}
				}
				if inUse != maxPods {
					t.Errorf("seed %d: %d of %d slots are in use: %s", seed, inUse, maxPods, r)
				}
			}
		})
	}
}
