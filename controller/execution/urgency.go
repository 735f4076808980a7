package execution

// Urgency says how soon a record should be written.
type Urgency int

// The urgencies.
const (
	Idle  Urgency = iota // nothing to write
	Lazy                 // soon, and better together with more
	Hasty                // a slot waits for it, or will
)

// Urgency returns how urgent it is to write the account that Draft returns. It
// is asked after every event, for thousands of nodes within seconds, and costs
// as much as has changed since it was asked before.
func (l *Ledger) Urgency() Urgency {
	ready, more := l.admits()
	switch {
	case more && ready <= l.plan.Settings.PodPoolSize/2, len(l.gaveUp) > 0, len(l.unsaved) > 0 && l.ended == len(l.tasks):
		return Hasty
	case more, len(l.unsaved) > 0, len(l.created) > 0:
		return Lazy
	default:
		return Idle
	}
}

// waiting is the admitted tasks that wait for a slot: those behind the ones that
// got one, up to the first task that is neither admitted nor ended. It is counted
// as it changes: there are as many of them as the pool has slots.
type waiting struct {
	end   int // the first task behind them
	ready int // how many of them have not ended
}

// leave takes out a task that got a slot or has ended.
func (w *waiting) leave(l *Ledger, i int) {
	if i >= l.granted && i < w.end {
		w.ready--
	}
}

// extend looks how many more wait since it looked before.
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

// admits returns what admit would do: how many tasks wait for a slot already, and
// whether more would be added to them. How many wait does not matter if none
// would.
func (l *Ledger) admits() (ready int, more bool) {
	w := &l.waiting
	w.extend(l)
	switch want := 2*l.plan.Settings.PodPoolSize - l.inFlight; {
	case w.ready >= want, w.end == len(l.tasks):
		return 0, false
	case l.account.Admitted.Max() > w.end: // a record with gaps, which this version does not write
		next := l.account.Clone()
		ready, _ = l.admit(&next)
		return ready, true
	default:
		return w.ready, true
	}
}
