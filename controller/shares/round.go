package shares

import (
	"context"
	"maps"
	"slices"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/lease"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/state"
)

// changes are what a round has changed in the state.
type changes struct {
	lowered map[*Member]*lowering
	granted map[*Member]int
}

// round tells the state of all lowerings, and grants what is free, in one swap. It is bound
// to the chain, and so are the lowerings. It returns state.ErrChain if the chain has broken.
func (k *Keeper) round(ctx context.Context, fence lease.Fence) error {
	chain := k.State.Chain()
	var made changes
	_, err := k.State.Change(ctx, fence, state.Change{Chain: chain, Apply: func(s *plan.State) error {
		maxPods := k.Max()
		k.mu.Lock()
		defer k.mu.Unlock()
		k.forget(chain, maxPods)
		made = changes{lowered: k.lower(s), granted: k.grant(s, maxPods)}
		return nil
	}})
	k.mu.Lock()
	for _, m := range k.members {
		if to, ok := made.granted[m]; ok && !m.lost && err == nil {
			m.raise = &raise{to: to, chain: chain}
		}
		if l, ok := made.lowered[m]; ok && m.lowered == l && err == nil {
			m.lowered = nil
		}
		m.granting = false
	}
	k.mu.Unlock()
	k.wakeMembers(nil)
	return err
}

// forget forgets what was begun in an earlier chain, or by an earlier try of this round, and
// what a change of maxPods has made useless.
func (k *Keeper) forget(chain uint64, maxPods int) {
	for _, m := range k.members {
		m.granting = false
		if !m.usable(chain, maxPods) {
			m.raise = nil
		}
		if m.lowered != nil && m.lowered.chain != chain {
			m.lowered = nil
		}
	}
}

// lower lowers the shares that were lowered in the Executions.
func (k *Keeper) lower(s *plan.State) map[*Member]*lowering {
	lowered := map[*Member]*lowering{}
	for uid, m := range k.members {
		if m.lowered != nil {
			_ = s.Lower(uid, m.lowered.to) // without an entry, there is nothing to lower
			lowered[m] = m.lowered
		}
	}
	return lowered
}

// grant raises the shares of those that may have more than they have. Those whose Execution
// is being written with a lower one are left alone.
func (k *Keeper) grant(s *plan.State, maxPods int) map[*Member]int {
	d := k.divide(s.Clone(), maxPods, nil)
	granted := map[*Member]int{}
	for _, uid := range slices.Sorted(maps.Keys(k.members)) {
		m := k.members[uid]
		if m.raise != nil || m.lowering != nil || !m.claims {
			continue
		}
		if to, ok := m.grantable(d); ok && s.Grant(uid, to, maxPods) == nil {
			m.granting, m.lost = true, false
			granted[m] = to
		}
	}
	return granted
}

// grantable returns the share to grant, if the execution may have more.
func (m *Member) grantable(d division) (to int, ok bool) {
	entry, ok := d.state.Entry(m.uid)
	switch {
	case !ok:
		return 0, false
	case d.maxPods == 0:
		return execution.NoShare, m.share != execution.NoShare
	case !d.known || m.share == execution.NoShare:
		return 0, false
	}
	to = d.results[m.uid]
	if !d.tight { // a share that was granted before may be larger, and keeps no other execution waiting
		to = max(to, entry.Share)
	}
	return to, to > m.share && to >= entry.Share && d.results[m.uid] > m.share
}
