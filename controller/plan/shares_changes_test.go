package plan_test

// grant is the second step of a raise.
func (m *model) grant(w world, k, i int) {
	l := w.leaders[k]
	of := l.of[i]
	if !l.holdsState || !w.state.divides() || w.state.shares()[i] < 0 || of.raise > 0 {
		return
	}
	if of.holds == noVersion && !m.lacks(holdsExecution) {
		return
	}
	if of.lower > 0 && !m.lacks(oneAtATime) {
		return
	}
	if w.executions[i].phase == queued {
		return
	}
	share := w.state.shares()[i]
	for to := max(share, 1); to <= m.maxPods; to++ {
		next, ok := m.granted(w.state, i, to)
		s := step{"grants", k, i, to}
		granted := func(of *memory) { of.raise = uint8(to) }
		switch {
		case m.lacks(ownGrant) && to == share, m.lacks(grantsAreWrites) && ok && next == w.state:
			next := w
			granted(&next.leaders[k].of[i])
			m.emit(s, next)
		case ok:
			m.swapState(w, s, next, granted)
		}
	}
}

// raise is the third step of a raise.
func (m *model) raise(w world, k, i int) {
	of, o := w.leaders[k].of[i], w.executions[i]
	if o.phase != open || of.holds != presentVersion {
		return
	}
	if m.lacks(grantsFirst) {
		of.raise = min(o.share+1, uint8(m.maxPods))
	}
	if of.raise > 0 {
		o.share = of.raise
		m.swapExecution(w, step{"raises", k, i, int(of.raise)}, o, func(of *memory) { of.raise = 0 })
	}
}

// lowerExecution is the second step of a lowering; the first is that the leader has the
// state, as far as it knows. It may come again before the state is told: then only of the last.
func (m *model) lowerExecution(w world, k, i int) {
	l, o := w.leaders[k], w.executions[i]
	of := l.of[i]
	if of.holds != presentVersion || o.phase != open || of.raise > 0 && !m.lacks(oneAtATime) {
		return
	}
	least := o.exposed
	if m.lacks(staysExposed) {
		least = 0
	}
	inState := uint8(0)
	if w.state.divides() {
		inState = uint8(max(w.state.shares()[i], 0))
	}
	for to := least; to <= o.share; to++ {
		if to == inState {
			continue // nothing to lower
		}
		lowered := func(of *memory) {
			if l.holdsState || m.lacks(forgetsLowerings) {
				of.lower = to + 1
			}
		}
		s := step{"lowers", k, i, int(to)}
		if m.lacks(swapsExecution) && to == o.share {
			next := w
			lowered(&next.leaders[k].of[i])
			m.emit(s, next)
			continue
		}
		m.swapExecution(w, s, object{phase: open, share: to, exposed: o.exposed}, lowered)
	}
}

// lowerQueued breaks the rule that leavesQueued is about.
func (m *model) lowerQueued(w world, k, i int) {
	l := w.leaders[k]
	if !m.lacks(leavesQueued) || !l.holdsState || l.of[i].lower > 0 || !w.state.divides() || w.executions[i].phase != queued {
		return
	}
	if share := w.state.shares()[i]; share > 0 {
		next := w
		next.leaders[k].of[i].lower = uint8(share)
		m.emit(step{"lowers", k, i, share - 1}, next)
	}
}

// lowerState is the third step of a lowering.
func (m *model) lowerState(w world, k, i int) {
	l := w.leaders[k]
	if m.lacks(lowersExecutionFirst) && w.executions[i].share > 0 {
		l.of[i].lower = w.executions[i].share
	}
	if !l.holdsState || !w.state.divides() || l.of[i].lower == 0 {
		return
	}
	to := int(l.of[i].lower) - 1
	done := func(of *memory) { of.lower = 0 }
	s := step{"tells the state that it lowers", k, i, to}
	if next := m.lowered(w.state, i, to); next != w.state {
		m.swapState(w, s, next, done)
		return
	}
	next := w // the state says so already: nothing is written
	done(&next.leaders[k].of[i])
	m.emit(s, next)
}
