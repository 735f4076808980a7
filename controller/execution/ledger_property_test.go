package execution

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func (w *world) checkDraft(l *leader, admission Admission, next Account, urgency Urgency) {
	pool := w.plan.Settings.PodPoolSize
	if l.version == w.version && (urgency == NoWrite) != (show(next) == show(w.record)) {
		w.fail("%s would write %q with urgency %d", l.name, show(next), urgency)
	}
	added, unfinished, running, starved := 0, 0, 0, false
	for i, task := range l.ledger.Tasks() {
		final := task.Outcome.State.Final()
		if task.Outcome.State == Running {
			running++
		}
		if next.Admitted.Has(i) && !l.ledger.Admitted(i) {
			added++
			starved = starved || l.ledger.InFlight() < pool
			if final {
				w.fail("%s admits task %d, which has ended", l.name, i)
			}
		}
		if next.Admitted.Has(i) && !final {
			unfinished++
		}
	}
	if next.Exposed() != unfinished || l.ledger.Exposed() != unfinished-added {
		w.fail("%s counts %d exposed, and %d in %q", l.name, l.ledger.Exposed(), next.Exposed(), show(next))
	}
	if l.ledger.Running() != running {
		w.fail("%s counts %d that run, and not %d", l.name, l.ledger.Running(), running)
	}
	if closed := admission.Paused || admission.Canceled; added > 0 && (closed || admission.Share != NoShare && unfinished > admission.Share) {
		w.fail("%s admits %d tasks with %+v: %s", l.name, added, admission, show(next))
	}
	if added > 0 && unfinished > 2*pool {
		w.fail("%s admits %d tasks that have not ended: %s", l.name, unfinished, show(next))
	}
	if starved && urgency != Immediate {
		w.fail("%s has a free slot and urgency %d", l.name, urgency)
	}
}

// arrive lets one of the writes arrive, and its answer, perhaps.
func (w *world) arrive() {
	if len(w.flying) == 0 {
		return
	}
	n := w.r.IntN(len(w.flying))
	f := w.flying[n]
	w.flying = slices.Delete(w.flying, n, n+1)
	l := f.by
	conflict := f.base != w.version
	if !conflict {
		w.replace(f.next, f.share)
		w.did("version %d of %s is there", w.version, l.name)
	}
	switch {
	case l.writing != f: // it waits no longer
	case w.r.IntN(5) == 0:
		w.did("%s gets no answer", l.name)
		l.writing = nil
	case conflict:
		w.did("%s reads the record again", l.name)
		w.restart(l)
	default:
		l.writing, l.version, l.admission.Share = nil, w.version, w.share
		l.ledger.Commit(f.next)
		for _, i := range f.abandoned {
			delete(l.abandoned, i)
		}
		w.grant(l)
	}
}

// replace is the swap that has been compared.
func (w *world) replace(next Account, share int) {
	before := w.record
	w.record, w.share = next.Clone(), share
	w.version++
	for i := range before.Admitted.All() {
		if !next.Admitted.Has(i) {
			w.fail("task %d is no longer admitted", i)
		}
	}
	for i := range before.Created.All() {
		if !next.Created.Has(i) {
			w.fail("the Job of task %d is forgotten", i)
		}
	}
	for outcome, indexes := range before.Outcomes {
		for i := range indexes.All() {
			if !next.Outcomes[outcome].Has(i) {
				w.fail("task %d no longer ended as %v", i, outcome)
			}
		}
	}
}

func (w *world) check() {
	w.t.Helper()
	pool := w.plan.Settings.PodPoolSize
	live, ends := 0, 0
	for i, j := range w.jobs {
		var outcomes []Outcome
		for outcome, indexes := range w.record.Outcomes {
			if indexes.Has(i) {
				outcomes = append(outcomes, outcome)
			}
		}
		if len(outcomes) > 1 {
			w.fail("task %d ended as %v", i, outcomes)
		}
		ends += len(outcomes)
		abandoned := len(outcomes) == 1 && (isAbandoned(outcomes[0]) || outcomes[0] == canceled)
		switch {
		case j.created && !w.record.Admitted.Has(i), w.record.Created.Has(i) && !j.created:
			w.fail("task %d has a Job: %t; admitted: %t; the record says that it has: %t",
				i, j.created, w.record.Admitted.Has(i), w.record.Created.Has(i))
		case len(outcomes) == 1 && outcomes[0] == canceled && j.created:
			w.fail("task %d was canceled before it began, and has a Job", i)
		case abandoned && j.created && w.fenced:
			w.fail("task %d was abandoned and has a Job", i)
		case len(outcomes) == 1 && !abandoned && outcomes[0] != j.end:
			w.fail("the record tells %v of task %d, which is %v", outcomes[0], i, j)
		case j.lives() && !abandoned:
			live++
		}
	}
	if exposed := w.record.Exposed(); live > pool || w.share != NoShare && (live > w.share || exposed > w.share) {
		w.fail("%d tasks live, %d are exposed, the share is %d", live, exposed, w.share)
	}
	for _, l := range w.leaders {
		inFlight, ended := 0, 0
		for i, task := range l.ledger.Tasks() {
			final := task.Outcome.State.Final()
			if final {
				ended++
			}
			if l.ledger.Granted(i) && (!final || l.abandoned[i]) {
				inFlight++
			}
		}
		if inFlight > pool || l.ledger.InFlight() != inFlight || l.ledger.Ended() != ended {
			w.fail("%s counts %d in flight and %d ended, there are %d and %d", l.name, l.ledger.InFlight(), l.ledger.Ended(), inFlight, ended)
		}
		if complete := ends == len(w.jobs); l.ledger.Done() && !complete || l.version == w.version && complete && !l.ledger.Done() {
			w.fail("%s is done: %t, %d of %d ends are recorded", l.name, l.ledger.Done(), ends, len(w.jobs))
		}
	}
}

// step is one turn of one leader, or of the world.
func (w *world) step() {
	l := w.leaders[w.r.IntN(len(w.leaders))]
	switch kind := w.r.IntN(26); {
	case kind < 4:
		w.end()
	case kind < 7:
		w.arrive()
	case kind < 11:
		w.create(l) // even of one that sleeps: the request was under way
	case l.asleep > 0:
		l.asleep--
	case kind < 16:
		w.observe(l, w.r.IntN(len(w.jobs)))
	case kind < 20:
		w.send(l)
	case kind >= 24:
		w.ask(l)
	case kind == 20:
		w.abandon(l)
	case kind == 21 && w.r.IntN(2) == 0:
		w.did("%s sleeps", l.name)
		l.asleep = w.r.IntN(30)
	case kind == 22 && l.writing != nil:
		w.did("%s waits no longer", l.name)
		l.writing = nil // it may arrive all the same
	case kind == 23 && w.r.IntN(3) == 0:
		w.did("%s crashes", l.name)
		w.restart(l)
	}
	w.check()
}

// TestLedgerWhateverHappens has several leaders work on one execution. When
// no leader is fenced off, the Job of a task may be created when it was abandoned
// already: such a Job counts for no pool, all others do. Every other execution has a share,
// which goes up and down.
func TestLedgerWhateverHappens(t *testing.T) {
	for seed := range uint64(1200) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := planOf(1+r.IntN(5), 1+r.IntN(16))
		w := &world{t: t, r: r, plan: p, record: Account{Phase: Open}, jobs: make([]job, len(p.Nodes)), fenced: seed%4 > 0, asked: unshared, share: NoShare}
		if seed/4%2 > 0 {
			w.asked.Share = 1 + r.IntN(2*p.Settings.PodPoolSize)
			w.share = r.IntN(w.asked.Share + 1)
		}
		w.log = []string{fmt.Sprintf("seed %d, %d nodes, pool %d, limit %d, fenced %t", seed, len(p.Nodes), p.Settings.PodPoolSize, w.asked.Share, w.fenced)}
		for n := range 1 + r.IntN(3) {
			l := &leader{name: string(rune('A' + n))}
			w.restart(l)
			w.leaders = append(w.leaders, l)
		}
		for range 300 {
			w.step()
		}
		w.settle()
	}
}

// settle leaves one leader and lets nothing go wrong any more: then the
// execution has to come to its end within as many writes as it has tasks, and
// one to admit the first.
func (w *world) settle() {
	w.did("calm")
	l := w.leaders[0]
	w.leaders, w.flying, l.creates = w.leaders[:1], nil, nil
	w.restart(l)
	l.admission = w.asked
	l.admission.Paused = false
	for range len(w.jobs) + 1 {
		for len(l.creates) > 0 {
			w.create(l)
			w.check()
		}
		for i := range w.jobs {
			if w.jobs[i].lives() {
				w.jobs[i].end = succeeded
			}
			w.observe(l, i)
			w.check()
		}
		w.cancel(l)
		next, urgency := l.ledger.NextAccount(l.admission), l.ledger.Urgency(l.admission)
		w.checkDraft(l, l.admission, next, urgency)
		w.replace(next, l.admission.Share)
		l.version = w.version
		l.ledger.Commit(next)
		clear(l.abandoned)
		w.grant(l)
		w.check()
	}
	if !l.ledger.Done() {
		w.fail("does not come to its end")
	}
	counted := 0
	for _, n := range w.record.Count() {
		counted += n
	}
	if counted != len(w.plan.Nodes) {
		w.fail("%d of %d tasks are counted", counted, len(w.plan.Nodes))
	}
}
