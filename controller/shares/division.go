package shares

import (
	"math"

	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/slots"
)

// division is who may have how much of maxPods.
type division struct {
	maxPods int
	state   plan.State
	// known says that the shares of all executions are known. If they are not, none is
	// raised.
	known   bool
	results map[string]int // by UID: what it may have now, given what the others have
	// tight says that an execution gets less than it wants, or that all together have more
	// than maxPods. Otherwise no share is in the way of another one, and none is lowered:
	// each lowering costs a write of the state.
	tight bool
}

// divide divides maxPods as the state is. An execution that is no member keeps what it has:
// it is being opened, or closed, or its Jobs may still run. newcomer is the member of an
// entry without a UID, if there is one.
func (k *Keeper) divide(s plan.State, maxPods int, newcomer *Member) division {
	d := division{maxPods: maxPods, state: s}
	sum, known := s.Shares()
	if maxPods == 0 || s.Restoring || !known {
		return d
	}
	d.known, d.tight = true, sum > maxPods
	claims := make([]slots.Claim, len(s.Entries))
	for i, e := range s.Entries {
		m := k.members[e.UID]
		if e.UID == "" {
			m = newcomer
		}
		claims[i] = slots.Claim{Name: e.Definition, Have: e.Share, Want: e.Share, Least: e.Share, Priority: math.MaxInt}
		if m != nil && m.claims {
			claims[i].Want, claims[i].Least = m.claim.Want, min(m.claim.Exposed, e.Share)
			claims[i].Priority, claims[i].Waited = m.claim.Priority, k.turn-m.served
		}
	}
	d.results = make(map[string]int, len(claims))
	for i, result := range slots.Divide(maxPods, claims) {
		d.results[s.Entries[i].UID] = result
		d.tight = d.tight || result < claims[i].Want
	}
	return d
}
