package shares_test

import (
	"testing"
	"testing/synctest"

	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/shares"
)

// TestWhatWasBegunIsForgotten has an execution be granted a share, before a chain breaks.
func TestWhatWasBegunIsForgotten(t *testing.T) {
	tests := map[string]struct {
		happens func(r *rig, m *shares.Member)
		want    bool // the raise is used
	}{
		"nothing":                          {func(*rig, *shares.Member) {}, true},
		"the chain of the state breaks":    {func(r *rig, _ *shares.Member) { r.breakChain() }, false},
		"that of the Execution breaks":     {func(_ *rig, m *shares.Member) { m.Lost() }, false},
		"that of another Execution breaks": {func(r *rig, _ *shares.Member) { r.holders[1].member.Lost() }, true},
		"the cap is removed":               {func(r *rig, _ *shares.Member) { r.max.Store(0) }, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				claim := holder{Claim: shares.Claim{Want: 5}}
				r := newRig(t, 10, []int{0, 0}, []holder{claim, claim})
				for _, h := range r.holders {
					h.member.Plan(h.Claim)
				}
				r.rounds() // both are granted theirs
				tt.happens(r, r.holders[0].member)
				step := r.holders[0].member.Plan(claim.Claim)
				if got := step.Due && step.Share == 5; got != tt.want {
					t.Errorf("got %+v", step)
				}
				r.max.Store(10)
				r.write(t) // begins again
				if r.String() != "5/5 5/5" {
					t.Errorf("in the end: got %s", r)
				}
			})
		})
	}
}

// TestALossWhileTheGrantIsWritten loses the chain of an Execution after its grant was sent.
func TestALossWhileTheGrantIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 10, []int{0}, []holder{{Claim: shares.Claim{Want: 5}}})
		h := r.holders[0]
		r.change = func(*plan.State) { h.member.Lost() }
		h.member.Plan(h.Claim)
		r.rounds()
		if step := h.member.Plan(h.Claim); r.now.Grants != 2 || step.Share != 5 || !step.Due {
			t.Errorf("got %+v after %d grants, want what the second one has granted", step, r.now.Grants)
		}
	})
}

// TestALoweringIsBoundToTheStateBeforeTheWrite has another client write the state while the
// Execution is written. Another leader may have granted the share that it has read since.
func TestALoweringIsBoundToTheStateBeforeTheWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mine, other := holder{share: 10, Claim: shares.Claim{Want: 10}}, holder{Claim: shares.Claim{Want: 10}}
		r := newRig(t, 10, []int{10, 0}, []holder{mine, other})
		h := r.holders[0]
		for _, h := range r.holders {
			h.member.Plan(h.Claim)
		}
		step := h.member.Plan(h.Claim)
		r.breakChain()
		h.member.Written(0)
		h.share = step.Share
		r.rounds()
		if !step.Due || r.String() != "5/10 0/0" {
			t.Errorf("got %+v, then %s, want that the state is not told", step, r)
		}
		if r.write(t); r.String() != "5/5 5/5" {
			t.Errorf("in the end: got %s", r)
		}
	})
}
