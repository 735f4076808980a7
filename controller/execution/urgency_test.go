package execution

import (
	"math/rand/v2"
	"testing"
)

// draftedUrgency is what Urgency has to come to, from the account that would be
// written.
func draftedUrgency(l *Ledger, a Admission) Urgency {
	next := l.account.Clone()
	ready, added := l.admit(&next, a)
	switch {
	case added > 0 && ready <= l.plan.Settings.PodPoolSize/2, len(l.abandoned) > 0, len(l.unsaved) > 0 && l.ended == len(l.tasks):
		return Immediate
	case added > 0, len(l.unsaved) > 0, len(l.created) > 0:
		return Deferred
	default:
		return NoWrite
	}
}

// exposedIn counts the admitted tasks that have not ended.
func exposedIn(l *Ledger) (n int) {
	for i, task := range l.Tasks() {
		if l.Admitted(i) && !task.Outcome.State.Final() {
			n++
		}
	}
	return n
}

// Whatever happens, and whatever the record admits, the urgency is that of what
// would be written.
func TestUrgencyIsThatOfTheNextAccount(t *testing.T) {
	for seed := range uint64(3000) {
		random := rand.New(rand.NewPCG(seed, 1))
		pool, nodes := 1+random.IntN(5), random.IntN(30)
		account := Account{Phase: Open}
		for i := range nodes {
			if random.IntN(3) > 0 && (seed%2 == 0 || i < nodes/2) { // half of them have gaps
				account.Admitted.Add(i)
			}
		}
		l := NewLedger(planOf(pool, nodes), account)
		admission := unshared
		drafts := []Account{l.NextAccount(admission)}
		for step := range 4 * nodes {
			i := random.IntN(nodes)
			switch random.IntN(9) {
			case 0:
				l.NoteCreated(i)
			case 1:
				l.Finish(i, End{Outcome: succeeded})
			case 2:
				l.Abandon(i, End{Outcome: nodeGone})
			case 3:
				drafts = append(drafts, l.NextAccount(admission))
			case 4:
				l.Commit(drafts[random.IntN(len(drafts))]) // also one from before
			case 5:
				admission = Admission{Share: random.IntN(3*pool) - 1, Paused: random.IntN(5) == 0}
			case 6:
				if random.IntN(nodes) == 0 {
					l.CancelUnadmitted(at("2026-03-04T05:00:00Z"))
				}
			default:
				l.Grant()
			}
			if got, want := l.Urgency(admission), draftedUrgency(l, admission); got != want {
				t.Fatalf("seed %d, step %d: urgency %d, want %d, to write %q in place of %q", seed, step, got, want, show(l.NextAccount(admission)), show(l.account))
			}
			if l.Exposed() != exposedIn(l) {
				t.Fatalf("seed %d, step %d: %d exposed, want %d: %q", seed, step, l.Exposed(), exposedIn(l), show(l.account))
			}
		}
	}
}

// halfway returns the ledger of a large execution in which every other node fails:
// no set of indexes in its record is short.
func halfway(nodes int) *Ledger {
	const pool = 1000
	l := openLedger(pool, nodes)
	write(l)
	for i := range nodes / 2 {
		l.NoteCreated(i)
		finish(l, i, []Outcome{succeeded, oomKilled}[i%2])
		if i%100 == 0 {
			write(l)
		}
	}
	return l
}

// Thousands of events come within seconds, each under the lock that callbacks
// wait for.
func TestEventsOfALargeExecutionCostNoMoreThanThoseOfASmallOne(t *testing.T) {
	for _, nodes := range []int{2500, 15000} {
		l := halfway(nodes)
		i := nodes / 2
		allocated := testing.AllocsPerRun(200, func() {
			l.NoteCreated(i)
			l.Finish(i, End{Outcome: oomKilled})
			l.Grant()
			l.Urgency(unshared)
			i++
		})
		const few = 4 // the maps and lists of what is new grow
		if allocated > few {
			t.Errorf("%d nodes: %v allocations for an event, want at most %d", nodes, allocated, few)
		}
		looked := 0
		l.Urgency(unshared)
		before := l.waiting
		for range 100 {
			l.Finish(i, End{Outcome: succeeded})
			l.Grant()
			l.Urgency(unshared)
			i++
			looked += l.waiting.end - before.end
			before = l.waiting
		}
		if looked > 100 {
			t.Errorf("%d nodes: %d tasks looked at for 100 events", nodes, looked)
		}
	}
}

func BenchmarkLedgerOfLargeExecution(b *testing.B) {
	for b.Loop() {
		const nodes = 15000
		l := openLedger(1000, nodes)
		write(l)
		for i := range nodes {
			l.NoteCreated(i)
			l.Urgency(unshared)
			finish(l, i, []Outcome{succeeded, oomKilled}[i%2])
			if l.Urgency(unshared) == Immediate || i%100 == 0 {
				write(l)
			}
		}
	}
}
