package plan_test

// createState has a leader that has seen no state create one, in which no share can be
// granted yet.
func (m *model) createState(w world, k int) {
	l := w.leaders[k]
	if !l.sawNone || w.state > 0 {
		return
	}
	c := contentOf([2]int{-1, -1}, restoring)
	if m.lacks(createsFirst) {
		shares, ok := w.toRestore(k)
		if !ok {
			return
		}
		c = contentOf(shares, 0)
	}
	next := w
	next.setState(c, k)
	next.leaders[k].sawNone = false
	m.emit(step{"creates the state", k, -1, -1}, next)
	if m.losses && w.lateCreate == 0 {
		next := w
		next.lateCreate = late(c) + 1
		m.forgetState(&next.leaders[k])
		next.leaders[k].sawNone = false
		m.emit(step{"creates the state, without a response,", k, -1, -1}, next)
	}
}

// restore has a leader swap an Execution as it is, so that whatever was decided about it by
// the state before cannot be written any more.
func (m *model) restore(w world, k, i int) {
	l, o := w.leaders[k], w.executions[i]
	isDue := l.holdsState && w.state.restoring()
	if m.lacks(createsFirst) {
		isDue = l.sawNone
	}
	if !isDue || l.of[i].restores > 0 || l.of[i].holds != presentVersion || o.phase == closed {
		return
	}
	share := o.share
	if o.phase == queued {
		share = notOpen
	}
	s := step{"restores", k, i, -1}
	seen := func(of *memory) { of.restores = share + 1 }
	if m.lacks(swapsRestored) || o.phase == queued && m.lacks(swapsQueued) {
		next := w
		seen(&next.leaders[k].of[i])
		m.emit(s, next)
		return
	}
	m.swapExecution(w, s, o, seen)
}

// restored has a leader write the shares of all Executions, after which they can change.
func (m *model) restored(w world, k int) {
	if !w.leaders[k].holdsState || !w.state.restoring() {
		return
	}
	if shares, ok := w.toRestore(k); ok {
		m.swapState(w, step{"has restored the state", k, -1, -1}, contentOf(shares, 0), nil)
	}
}

// toRestore returns the shares that a leader writes into a new state, if it knows all.
func (w *world) toRestore(k int) (shares [2]int, ok bool) {
	for i, o := range w.executions {
		switch restores := w.leaders[k].of[i].restores; {
		case restores == 1+notOpen, restores == 0 && o.phase == closed:
			shares[i] = -1
		case restores == 0:
			return shares, false
		default:
			shares[i] = int(restores) - 1
		}
	}
	return shares, true
}
