package execution

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// world is an execution under several leaders that are held up, crash, and
// lose the answers to their writes. What is true is in the record and the jobs;
// the leaders only know what they have seen of it.
type world struct {
	t       *testing.T
	r       *rand.Rand
	plan    Plan
	record  Account // what the API server has
	share   int     // in the record, too
	version int     // of the record
	jobs    []job   // of the tasks
	leaders []*leader
	flying  []*recordWrite // may arrive at any time
	fenced  bool           // no leader creates the Job of a task that a valid leader has abandoned
	asked   Admission      // what people ask for; Share is the limit over all executions
	log     []string
}

// job is a task's Job in the API server. It is never deleted, so that its name
// is a lock.
type job struct {
	created bool
	end     Outcome // of its pod; zero while it lives
}

func (j job) lives() bool { return j.created && !j.end.State.Final() }

// leader is a process that believes it leads.
type leader struct {
	name      string
	ledger    *Ledger
	version   int          // of the record that the ledger is of
	admission Admission    // as it stands in that version, or as the leader has seen it since
	abandoned map[int]bool // tasks that only it knows to have been abandoned
	writing   *recordWrite
	creates   []int // requests to create Jobs, which may arrive at any time
	asleep    int   // how many of its turns it misses
}

// recordWrite is a compare-and-swap under way.
type recordWrite struct {
	by        *leader
	base      int
	next      Account
	share     int
	abandoned []int // which abandoned tasks are in it
}

func (w *world) did(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf(format, args...))
}

func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("%s\nafter %s\nthe record holds %s", fmt.Sprintf(format, args...), strings.Join(w.log, ", "), show(w.record))
}

// told returns the end of a task in an account.
func told(a Account, i int) (Outcome, bool) {
	for outcome, indexes := range a.Outcomes {
		if indexes.Has(i) {
			return outcome, true
		}
	}
	return Outcome{}, false
}

// isAbandoned tells the outcomes of tasks without a Job from those of pods.
func isAbandoned(o Outcome) bool { return o == refused || o == nodeGone }

// restart builds a leader's memory anew from the record. Its requests are under
// way all the same.
func (w *world) restart(l *leader) {
	l.ledger, l.version, l.admission.Share = NewLedger(w.plan, w.record), w.version, w.share
	l.abandoned, l.writing = map[int]bool{}, nil
	w.grant(l)
}

// grant gives out slots, and sends the requests that follow.
func (w *world) grant(l *leader) {
	granted := l.ledger.Grant()
	if len(granted) > 0 {
		w.did("%s grants %v", l.name, granted)
	}
	for _, i := range granted {
		if !w.record.Admitted.Has(i) || l.ledger.Tasks()[i].Outcome.State.Final() {
			w.fail("%s grants task %d, which is not admitted or has ended", l.name, i)
		}
	}
	if !slices.IsSorted(granted) {
		w.fail("%s grants %v out of order", l.name, granted)
	}
	l.creates = append(l.creates, granted...)
	for i, task := range l.ledger.Tasks() {
		if l.ledger.Granted(i) || l.ledger.InFlight() == w.plan.Settings.PodPoolSize {
			continue
		}
		if l.ledger.Admitted(i) && !task.Outcome.State.Final() {
			w.fail("%s leaves a slot free that task %d could have", l.name, i)
		}
		break
	}
}

// create lets one of the leader's requests arrive.
func (w *world) create(l *leader) {
	if len(l.creates) == 0 {
		return
	}
	n := w.r.IntN(len(l.creates))
	i := l.creates[n]
	l.creates = slices.Delete(l.creates, n, n+1)
	switch {
	case w.jobs[i].created:
		w.did("%s finds the Job of %d", l.name, i)
	case w.fenced && w.givenUp(i):
		w.did("%s must not create %d", l.name, i)
		return
	default:
		w.did("%s creates %d", l.name, i)
		w.jobs[i].created = true
	}
	if w.r.IntN(4) > 0 { // or the answer is lost
		l.ledger.NoteCreated(i)
	}
}

// givenUp reports whether the record tells that the task was abandoned, or will
// if the writes under way and those that can still follow arrive in time.
func (w *world) givenUp(i int) bool {
	if outcome, ok := told(w.record, i); ok && isAbandoned(outcome) {
		return true
	}
	return slices.ContainsFunc(w.leaders, func(l *leader) bool {
		return l.version == w.version && l.abandoned[i] && l.ledger.Tasks()[i].Outcome != canceled
	}) ||
		slices.ContainsFunc(w.flying, func(f *recordWrite) bool { return f.base == w.version && slices.Contains(f.abandoned, i) })
}

// end lets one of the pods end.
func (w *world) end() {
	i := w.r.IntN(len(w.jobs))
	if w.jobs[i].lives() {
		outcomes := []Outcome{succeeded, oomKilled, {State: Failed, Reason: JobTimeout}}
		w.jobs[i].end = outcomes[w.r.IntN(len(outcomes))]
		w.did("%d ends", i)
	}
}

// observe shows a leader what there is to see of a task.
func (w *world) observe(l *leader, i int) {
	if !w.jobs[i].created {
		return
	}
	before := l.ledger.Tasks()[i].Outcome
	l.ledger.NoteCreated(i)
	l.ledger.NoteStarted(i, w.plan.Scheduled)
	if w.jobs[i].lives() {
		return
	}
	news := l.ledger.Finish(i, End{Outcome: w.jobs[i].end, Finished: w.plan.Scheduled})
	w.ended(l, i, before, news)
	if news {
		w.did("%s sees the end of %d", l.name, i)
		w.grant(l)
	}
}

// abandon ends a task without a Job, as jobs.Jobs.Verify does: the API server is asked
// first. It is not asked about a task that is not admitted and lost its node.
func (w *world) abandon(l *leader) {
	i := w.r.IntN(len(w.jobs))
	before := l.ledger.Tasks()[i].Outcome
	switch {
	case before.State.Final(), l.ledger.Created(i):
		return
	case l.ledger.Admitted(i) && w.jobs[i].created:
		l.ledger.NoteCreated(i)
		return
	}
	outcome := nodeGone
	if l.ledger.Granted(i) && w.r.IntN(2) == 0 {
		outcome = refused
	}
	w.did("%s gives %d up", l.name, i)
	news := l.ledger.Abandon(i, End{Outcome: outcome, Finished: w.plan.Scheduled})
	l.abandoned[i] = true
	w.ended(l, i, before, news)
	w.grant(l)
}

func (w *world) ended(l *leader, i int, before Outcome, news bool) {
	if news == before.State.Final() {
		w.fail("the end of task %d, which %s knew as %v, is news: %t", i, l.name, before, news)
	}
	if after := l.ledger.Tasks()[i].Outcome; before.State.Final() && after != before {
		w.fail("task %d, which ended as %v, became %v", i, before, after)
	}
}

// ask has people change what they want, and leaders see it, some later than others.
func (w *world) ask(l *leader) {
	switch w.r.IntN(12) {
	case 0:
		w.asked.Paused = !w.asked.Paused
		w.did("paused: %t", w.asked.Paused)
	case 1:
		if w.r.IntN(4) == 0 {
			w.asked.Canceled = true
			w.did("canceled")
		}
	default:
		l.admission.Paused, l.admission.Canceled = w.asked.Paused, w.asked.Canceled
	}
}

// divide gives a leader another share. A raise is granted elsewhere, and a share never
// shrinks below what is exposed.
func (w *world) divide(l *leader) (share int) {
	if w.asked.Share == NoShare || w.r.IntN(3) > 0 {
		return l.admission.Share
	}
	return max(w.r.IntN(w.asked.Share+1), l.ledger.Exposed())
}

// cancel ends what is not admitted, as the writer does before it writes.
func (w *world) cancel(l *leader) {
	if !l.admission.Canceled {
		return
	}
	for _, i := range l.ledger.CancelUnadmitted(w.plan.Scheduled) {
		w.did("%s cancels %d", l.name, i)
		l.abandoned[i] = true
	}
}

// send begins what keepRecord does.
func (w *world) send(l *leader) {
	if l.writing != nil {
		return
	}
	w.cancel(l)
	admission := l.admission
	admission.Share = w.divide(l)
	next, urgency := l.ledger.NextAccount(admission), l.ledger.Urgency(admission)
	w.checkDraft(l, admission, next, urgency)
	if urgency == NoWrite && admission.Share == l.admission.Share {
		return
	}
	l.writing = &recordWrite{by: l, base: l.version, next: next, share: admission.Share, abandoned: slices.Collect(maps.Keys(l.abandoned))}
	w.flying = append(w.flying, l.writing)
	w.did("%s sends version %d with share %d", l.name, l.version+1, admission.Share)
}
