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
type Ledger struct {
	plan     Plan
	account  Account // as it stands in the record
	tasks    []Task
	byNode   map[string]int
	unsaved  []int // tasks that ended since the record was written
	created  []int // tasks whose Job was seen since the record was written
	inFlight int   // admitted by the record, not ended
	ended    int
	waiting  int // all tasks before it are admitted
}

// NewLedger opens the books of a record.
func NewLedger(plan Plan, account Account) *Ledger {
	l := &Ledger{
		plan:    plan,
		account: account.Clone(),
		tasks:   make([]Task, len(plan.Nodes)),
		byNode:  make(map[string]int, len(plan.Nodes)),
	}
	for i, node := range plan.Nodes {
		l.tasks[i] = Task{Index: i, Node: node, Outcome: Outcome{State: Pending}}
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
	for i := range account.Admitted.All() {
		if i < len(l.tasks) && !l.tasks[i].Outcome.State.Final() {
			l.inFlight++
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

// Admitted reports whether the record gives the task a slot, or gave it one.
func (l *Ledger) Admitted(i int) bool { return l.account.Admitted.Has(i) }

// Created reports whether the task is known to have a Job, or to have had one.
func (l *Ledger) Created(i int) bool {
	return l.account.Created.Has(i) || slices.Contains(l.created, i)
}

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
		l.created = append(l.created, i)
	}
}

// NoteStarted takes down when the task's first container started. The earliest
// time counts: a task that is tried again has a pod for each attempt.
func (l *Ledger) NoteStarted(i int, at time.Time) {
	t := &l.tasks[i]
	if t.Started.IsZero() || at.Before(t.Started) {
		t.Started = at
	}
	if t.Outcome.State == Pending {
		t.Outcome.State = Running
	}
}

// NoteReported takes down that the task's result is stored.
func (l *Ledger) NoteReported(i int) { l.tasks[i].Reported = true }

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

// Finish ends a task, and reports whether that was news. A task whose outcome
// is remembered from the record has lost its times and its message: they are
// filled in, the outcome stays.
func (l *Ledger) Finish(i int, end End) (news bool) {
	t := &l.tasks[i]
	news = !t.Outcome.State.Final()
	if news {
		t.Outcome = end.Outcome
		l.unsaved = append(l.unsaved, i)
		l.ended++
		if l.account.Admitted.Has(i) {
			l.inFlight--
		}
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

// Urgency says how soon a record should be written.
type Urgency int

// The urgencies.
const (
	Idle  Urgency = iota // nothing to write
	Lazy                 // Jobs were created: soon, and better together with more
	Hasty                // a slot is waiting
)

// Draft returns the account that the record should get next: what was observed
// is in it, and as many tasks are admitted as slots are free. It returns the
// tasks that gain a slot, and how urgent it is to write it.
//
// Observations alone do not free more slots than the pool has: they and the
// admissions they allow are written in one compare-and-swap.
func (l *Ledger) Draft() (next Account, admitted []int, urgency Urgency) {
	next = l.account.Clone()
	if next.Outcomes == nil {
		next.Outcomes = map[Outcome]Indexes{}
	}
	for _, i := range l.created {
		next.Created.Add(i)
	}
	for _, i := range l.unsaved {
		indexes := next.Outcomes[l.tasks[i].Outcome]
		indexes.Add(i)
		next.Outcomes[l.tasks[i].Outcome] = indexes
	}
	free := l.plan.Settings.PodPoolSize - l.inFlight
	for i := l.waiting; i < len(l.tasks) && free > 0; i++ {
		if next.Admitted.Has(i) || l.tasks[i].Outcome.State.Final() {
			continue
		}
		next.Admitted.Add(i)
		admitted = append(admitted, i)
		free--
	}
	switch {
	case len(admitted) > 0 || len(l.unsaved) > 0:
		urgency = Hasty
	case len(l.created) > 0:
		urgency = Lazy
	}
	return next, admitted, urgency
}

// Commit takes over an account from Draft once the record holds it.
func (l *Ledger) Commit(written Account) {
	for i := range written.Admitted.All() {
		// Some may have ended, with their node, while the record was written.
		if i < len(l.tasks) && !l.account.Admitted.Has(i) && !l.tasks[i].Outcome.State.Final() {
			l.inFlight++
		}
	}
	l.unsaved = slices.DeleteFunc(l.unsaved, func(i int) bool {
		return written.Outcomes[l.tasks[i].Outcome].Has(i)
	})
	l.created = slices.DeleteFunc(l.created, written.Created.Has)
	l.account = written
	for l.waiting < len(l.tasks) && written.Admitted.Has(l.waiting) {
		l.waiting++
	}
}

// Close returns the account with which the record is closed.
func (l *Ledger) Close(at time.Time) Account {
	closed := l.account.Clone()
	closed.Phase, closed.ClosedAt = Closed, at
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
