package execution

// NoShare is the Share of an execution that only its own pool bounds.
const NoShare = -1

// Admission says what an account may admit.
type Admission struct {
	// Share is how many tasks may be admitted that have not ended: the execution's part
	// of a limit over all executions. As every live task is admitted in the record, and
	// has no recorded end, no more of them can live, whichever leaders created their
	// Jobs. NoShare: any number.
	Share int
	// Paused admits no task.
	Paused bool
	// Canceled admits no task, and never will: see CancelUnadmitted.
	Canceled bool
}

// waiting counts the admitted tasks that wait for a slot: from the first task
// without a slot to the first that is neither admitted nor ended. The count is
// kept up to date, because there may be as many of them as the pool has slots.
type waiting struct {
	end   int // the first task after them
	ready int // how many of them have not ended
}

// remove takes out a task that got a slot or has ended.
func (w *waiting) remove(l *Ledger, i int) {
	if i >= l.granted && i < w.end {
		w.ready--
	}
}

// extend counts the tasks that have been admitted since the last call.
func (w *waiting) extend(l *Ledger) {
	if w.end < l.granted {
		*w = waiting{end: l.granted}
	}
	for ; w.end < len(l.tasks); w.end++ {
		if l.tasks[w.end].Outcome.State.Final() {
			continue
		}
		if !l.account.Admitted.Has(w.end) {
			return
		}
		w.ready++
	}
}

// room returns how many more tasks may be admitted without regard to the pool.
func (l *Ledger) room(a Admission) int {
	switch {
	case a.Paused, a.Canceled:
		return 0
	case a.Share == NoShare:
		return len(l.tasks)
	default:
		return max(a.Share-l.exposed, 0)
	}
}

// admit admits tasks until the pool could be filled once more, or the share is used. It
// returns how many admitted tasks waited for a slot before, and how many it added.
func (l *Ledger) admit(next *Account, a Admission) (ready, added int) {
	want, room := 2*l.slots-l.inFlight, l.room(a)
	for i := l.granted; i < len(l.tasks) && ready+added < want; i++ {
		switch {
		case l.tasks[i].Outcome.State.Final():
		case next.Admitted.Has(i):
			ready++
		case added < room:
			next.Admitted.Add(i)
			added++
		}
	}
	return ready, added
}

// pendingAdmissions returns what admit would do: how many tasks wait for a slot,
// and whether it would add more. ready is valid only if it would.
func (l *Ledger) pendingAdmissions(a Admission) (ready int, more bool) {
	if l.room(a) == 0 {
		return 0, false
	}
	w := &l.waiting
	w.extend(l)
	switch want := 2*l.slots - l.inFlight; {
	case w.ready >= want, w.end == len(l.tasks):
		return 0, false
	case l.account.Admitted.Max() > w.end: // a record with gaps, which this version does not write
		next := l.account.Clone()
		ready, added := l.admit(&next, a)
		return ready, added > 0
	default:
		return w.ready, true
	}
}
