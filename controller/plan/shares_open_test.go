package plan_test

// begin is O1: it adds an entry for an Execution that is queued, with its share.
func (m *model) begin(w world, k, i int) {
	l := w.leaders[k]
	if !l.holdsState || !w.state.divides() || w.state.shares()[i] >= 0 || l.of[i].holds == noVersion ||
		l.of[i].holds == presentVersion && w.executions[i].phase != queued {
		return
	}
	for share := range m.maxPods + 1 {
		if next, ok := m.begun(w.state, i, share); ok {
			m.swapState(w, step{"begins", k, i, share}, next, func(of *memory) { of.opens = uint8(share) + 1 })
		}
	}
}

// findEntry has a leader see an entry that another one, or it itself before, has added.
func (m *model) findEntry(w world, k, i int) {
	l := w.leaders[k]
	share := 0
	if w.state.divides() {
		share = w.state.shares()[i] + 1
	}
	holds := l.of[i].holds > noVersion || m.lacks(opensAfterReading)
	if !l.holdsState || share == 0 || w.executions[i].phase != queued || !holds || int(l.of[i].opens) == share {
		return
	}
	next := w
	next.leaders[k].of[i].opens = uint8(share)
	m.emit(step{"finds the entry", k, i, -1}, next)
}

// open is O3.
func (m *model) open(w world, k, i int) {
	of := w.leaders[k].of[i]
	if of.opens > 0 && of.holds == presentVersion && w.executions[i].phase == queued {
		share := of.opens - 1
		m.swapExecution(w, step{"opens", k, i, int(share)}, object{phase: open, share: share}, func(of *memory) { of.opens = 0 })
	}
}

// work has a leader admit a task, or record an end.
func (m *model) work(w world, k, i int) {
	o := w.executions[i]
	if !m.exposed || o.phase != open || w.leaders[k].of[i].holds != presentVersion {
		return
	}
	if o.exposed < o.share {
		o.exposed++
		m.swapExecution(w, step{"admits a task of", k, i, -1}, o, nil)
		o.exposed--
	}
	if o.exposed > 0 {
		o.exposed--
		m.swapExecution(w, step{"records an end of", k, i, -1}, o, nil)
	}
}

func (m *model) closeOrReject(w world, k, i int) {
	o := w.executions[i]
	if o.phase != closed && o.exposed == 0 && w.leaders[k].of[i].holds == presentVersion {
		m.swapExecution(w, step{"closes", k, i, -1}, object{phase: closed}, func(of *memory) { *of = memory{} })
	}
}

// end is X: it removes the entry of an Execution that is closed.
func (m *model) end(w world, k, i int) {
	isClosed := w.executions[i].phase == closed || m.lacks(endsClosed) && w.executions[i].phase == open
	if !w.leaders[k].holdsState || !w.state.divides() || w.state.shares()[i] < 0 || !isClosed {
		return
	}
	m.swapState(w, step{"removes the entry of", k, i, -1}, m.ended(w.state, i), func(of *memory) { of.lower = 0 })
}
