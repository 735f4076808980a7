package shares

import "github.com/batch-job-controller/batch-job-controller/controller/execution"

// step returns what the execution writes next. The caller holds the lock of the keeper.
func (m *Member) step(d division, chain uint64) Step {
	entry, ok := d.state.Entry(m.uid)
	stays := Step{Share: m.share, Admit: m.share}
	switch {
	case !ok: // the state is being restored
		return stays
	case m.usable(chain, d.maxPods):
		return m.raised(d)
	case d.maxPods == 0, m.granting:
		return m.bounded(stays, d)
	case m.share == execution.NoShare:
		return lowers(m.claim.Exposed) // a cap was introduced
	case entry.Share == execution.NoShare:
		return Step{Share: m.share, Admit: m.share, Due: m.lowered == nil} // the state is not told yet
	case !d.known || !d.tight:
		return stays
	}
	to, result := m.bounded(stays, d).Admit, d.results[m.uid]
	if to < m.share || (result < entry.Share && m.share < entry.Share && m.lowered == nil) {
		return lowers(to)
	}
	return stays
}

func lowers(to int) Step { return Step{Share: to, Admit: to, Due: true} }

// usable reports whether the execution was granted a share that it may be raised to now.
func (m *Member) usable(chain uint64, maxPods int) bool {
	return m.raise != nil && m.raise.chain == chain && (maxPods == 0 || m.raise.to != execution.NoShare)
}

// raised returns the step in which a raise is used.
func (m *Member) raised(d division) Step {
	return m.bounded(Step{Share: m.raise.to, Admit: m.raise.to, Due: true}, d)
}

// bounded admits no more than the execution may have now, though it has a larger share,
// which cannot be lowered in the same step.
func (m *Member) bounded(s Step, d division) Step {
	if d.known && d.tight && s.Admit != execution.NoShare {
		s.Admit = min(s.Admit, max(d.results[m.uid], m.claim.Exposed))
	}
	return s
}
