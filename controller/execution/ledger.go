package execution

import (
	"slices"
	"time"
)

// Ledger is an execution as its leader knows it: the record, and what was
// observed since the record was last written. It is not safe for concurrent
// use.
//
// Its methods take facts in any order and any number of times: a task that
// has ended stays as it is.
//
// Slots are granted in the plan's order, to admitted tasks, and at most as
// many as the pool has are granted to tasks that have not ended. This keeps the
// pool for any number of leaders, however old their view is: each has Jobs
// created only for tasks among the first, as many as the pool has, of those
// that it does not know to have ended. It cannot know more to have ended than
// have, so that all tasks that live are among the first of those that have not.
// The record need not be written before a slot is granted again, if the end
// that made it free is there for every leader to see.
type Ledger struct {
	plan     Plan
	account  Account // as it stands in the record
	tasks    []Task
	byNode   map[string]int
	unsaved  map[int]bool // tasks that ended since the record was written
	created  map[int]bool // tasks whose Job was seen since the record was written
	gaveUp   map[int]bool // of the unsaved, those whose end only the record can tell
	granted  int          // all tasks before it have a slot, or ended
	inFlight int          // of them, those that hold their slot
	waiting  waiting
	ended    int
}

// NewLedger opens the books of a record.
func NewLedger(plan Plan, account Account) *Ledger {
	l := &Ledger{
		plan:    plan,
		account: account.Clone(),
		tasks:   make([]Task, len(plan.Nodes)),
		byNode:  make(map[string]int, len(plan.Nodes)),
		unsaved: map[int]bool{},
		created: map[int]bool{},
		gaveUp:  map[int]bool{},
	}
	for i, node := range plan.Nodes {
		l.tasks[i] = Task{Index: i, Node: node, Outcome: Outcome{State: Pending}, ResultOptional: plan.Settings.ResultOptional}
		l.byNode[node.Name] = i
	}
	for outcome, indexes := range account.Outcomes {
		for i := range indexes.All() {
			// A damaged record may name a task twice: it still ended only once.
			if i < len(l.tasks) && !l.tasks[i].Outcome.State.Final() {
				l.tasks[i].Outcome = outcome
				l.ended++
			}
		}
	}
	return l
}

// Plan returns what the execution set out to do.
func (l *Ledger) Plan() Plan { return l.plan }

// Phase returns the phase the record is in.
func (l *Ledger) Phase() Phase { return l.account.Phase }

// Task returns the node's task.
func (l *Ledger) Task(node string) (Task, bool) {
	i, ok := l.byNode[node]
	if !ok {
		return Task{}, false
	}
	return l.tasks[i], true
}

// Tasks returns all tasks in the plan's order.
func (l *Ledger) Tasks() []Task { return slices.Clone(l.tasks) }

// Admitted reports whether the record lets the task have a Job. A task that is
// not admitted has none.
func (l *Ledger) Admitted(i int) bool { return l.account.Admitted.Has(i) }

// Created reports whether the task is known to have a Job, or to have had one.
func (l *Ledger) Created(i int) bool {
	return l.created[i] || l.account.Created.Has(i)
}

// Granted reports whether the task has a slot, or had one: its Job may be
// created.
func (l *Ledger) Granted(i int) bool { return i < l.granted }

// InFlight returns how many tasks hold a slot.
func (l *Ledger) InFlight() int { return l.inFlight }

// Ended returns how many tasks have ended.
func (l *Ledger) Ended() int { return l.ended }

// Done reports whether every task has ended and the record tells it.
func (l *Ledger) Done() bool {
	return l.ended == len(l.tasks) && len(l.unsaved) == 0
}

// NoteCreated takes down that the task's Job exists.
func (l *Ledger) NoteCreated(i int) {
	if !l.Created(i) {
		l.created[i] = true
	}
}

// NoteStarted takes down that the task runs, and since when: zero if its init
// containers still prepare it. The earliest time counts: a task that is tried
// again has a pod for each attempt.
func (l *Ledger) NoteStarted(i int, at time.Time) {
	t := &l.tasks[i]
	if !at.IsZero() && (t.Started.IsZero() || at.Before(t.Started)) {
		t.Started = at
	}
	if t.Outcome.State == Pending {
		t.Outcome.State = Running
	}
}

// NoteReported takes down that the task's result is stored.
func (l *Ledger) NoteReported(i int) { l.tasks[i].Reported, l.tasks[i].Heard = true, true }

// NoteHeard takes down that a file or an event of the task was received.
func (l *Ledger) NoteHeard(i int) { l.tasks[i].Heard = true }

// End is how and when a task ended.
type End struct {
	Outcome  Outcome
	Message  string
	Started  time.Time // zero if it never did, or nobody knows
	Finished time.Time
}

// At returns the end with a time, if it does not know its own.
func (e End) At(now time.Time) End {
	if e.Finished.IsZero() {
		e.Finished = now
	}
	return e
}

// Finish ends a task whose Job exists and tells its end, and reports whether
// that was news. Its slot is free at once. A task whose outcome is remembered
// from the record has lost its times and its message: they are filled in, the
// outcome stays.
func (l *Ledger) Finish(i int, end End) (news bool) {
	news = l.end(i, end)
	if news && l.Granted(i) {
		l.inFlight--
	}
	return news
}

// GiveUp ends a task that has no Job of ours, and reports whether that was
// news. Until the record tells, another leader would try it again: so long it
// holds its slot.
func (l *Ledger) GiveUp(i int, end End) (news bool) {
	news = l.end(i, end)
	if news {
		l.gaveUp[i] = true
	}
	return news
}

func (l *Ledger) end(i int, end End) (news bool) {
	t := &l.tasks[i]
	news = !t.Outcome.State.Final()
	if news {
		t.Outcome = end.Outcome
		l.unsaved[i] = true
		l.ended++
		l.waiting.leave(l, i)
	}
	if news || (t.Finished.IsZero() && t.Outcome == end.Outcome) {
		t.Message = Truncate(end.Message, MaxMessage)
		t.Finished = end.Finished
		if t.Started.IsZero() || (!end.Started.IsZero() && end.Started.Before(t.Started)) {
			t.Started = end.Started
		}
	}
	return news
}

// Grant gives free slots to the next admitted tasks, and returns those that
// got one.
func (l *Ledger) Grant() (granted []int) {
	for ; l.granted < len(l.tasks); l.granted++ {
		i := l.granted
		final := l.tasks[i].Outcome.State.Final()
		if final && !l.gaveUp[i] {
			continue
		}
		if l.inFlight >= l.plan.Settings.PodPoolSize || !l.account.Admitted.Has(i) {
			break
		}
		l.inFlight++
		if !final {
			l.waiting.leave(l, i)
			granted = append(granted, i)
		}
	}
	return granted
}

// Draft returns the account that the record should get next. What was observed
// is in it. Besides the tasks that have a slot, as many again are admitted: a slot
// that becomes free then goes to the next task at once, without a write in
// between. It costs as much as the account is large: Urgency says whether it is
// worth it.
func (l *Ledger) Draft() Account {
	next := l.account.Clone()
	if next.Outcomes == nil {
		next.Outcomes = map[Outcome]Indexes{}
	}
	for i := range l.created {
		next.Created.Add(i)
	}
	for i := range l.unsaved {
		indexes := next.Outcomes[l.tasks[i].Outcome]
		indexes.Add(i)
		next.Outcomes[l.tasks[i].Outcome] = indexes
	}
	l.admit(&next)
	return next
}

// admit admits tasks until the pool could be filled once more. It returns how
// many waited for a slot already, and how many were added to them.
func (l *Ledger) admit(next *Account) (ready, added int) {
	want := 2*l.plan.Settings.PodPoolSize - l.inFlight
	for i := l.granted; i < len(l.tasks) && ready+added < want; i++ {
		switch {
		case l.tasks[i].Outcome.State.Final():
		case next.Admitted.Has(i):
			ready++
		default:
			next.Admitted.Add(i)
			added++
		}
	}
	return ready, added
}

// Commit takes over an account from Draft once the record holds it.
func (l *Ledger) Commit(written Account) {
	for i := range l.unsaved {
		if !written.Outcomes[l.tasks[i].Outcome].Has(i) {
			continue
		}
		delete(l.unsaved, i)
		if l.gaveUp[i] {
			delete(l.gaveUp, i)
			if l.Granted(i) {
				l.inFlight--
			}
		}
	}
	for i := range l.created {
		if written.Created.Has(i) {
			delete(l.created, i)
		}
	}
	l.account = written
	l.waiting = waiting{end: l.granted} // to be looked for anew: another set is admitted
}

// Closing returns the account by which no callback is taken any more.
func (l *Ledger) Closing() Account {
	closing := l.account.Clone()
	closing.Phase = Closing
	return closing
}

// Close returns the account with which the record is closed, once its report is
// written.
func (l *Ledger) Close(r Report) Account {
	closed := l.account.Clone()
	closed.Phase, closed.ClosedAt = Closed, r.Closed
	for _, t := range r.Tasks {
		if i, ok := l.byNode[t.Node]; ok && t.Verdict() == Unreported {
			closed.Unreported.Add(i)
		}
	}
	return closed
}

// Report returns what the execution came to.
func (l *Ledger) Report(closed time.Time) Report {
	r := Report{
		ID:         l.plan.ID,
		Trigger:    l.plan.Trigger,
		Scheduled:  l.plan.Scheduled,
		Closed:     closed,
		ConfigHash: l.plan.ConfigHash,
		Tasks:      make([]TaskReport, 0, len(l.tasks)+len(l.plan.Skipped)),
	}
	for _, t := range l.tasks {
		r.Tasks = append(r.Tasks, NewTaskReport(t))
	}
	for _, s := range l.plan.Skipped {
		r.Tasks = append(r.Tasks, TaskReport{Node: s.Node, State: Skipped, Reason: s.Reason})
	}
	return r
}
