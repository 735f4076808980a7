package execution

import (
	"maps"
	"slices"
	"time"
)

// Ledger is an execution in the leader's memory: the record, and what the leader
// has observed since it last wrote the record. It is not safe for concurrent use.
//
// Its methods accept facts in any order and any number of times: a task that
// has ended stays as it is.
//
// Slots are granted in the plan's order, to admitted tasks, and at most
// podPoolSize of them to tasks that have not ended. This keeps the pool with
// any number of leaders, however stale: a leader creates Jobs only for the first podPoolSize tasks that have not ended in
// its view. The ends in its view are a subset of the real ends, so all live tasks
// are among the first podPoolSize tasks that have really not ended. A slot may be
// granted again before the record is written if every leader can see the end that
// freed it.
type Ledger struct {
	plan      Plan
	account   Account // as it stands in the record
	slots     int     // podPoolSize
	tasks     []Task
	byNode    map[string]int
	unsaved   map[int]bool // tasks that ended since the record was written
	created   map[int]bool // tasks whose Job was seen since the record was written
	abandoned map[int]bool // the unsaved tasks whose end is visible only in the record
	granted   int          // all tasks before this index have a slot, or have ended
	inFlight  int          // how many of these hold a slot
	waiting   waiting
	exposed   int // how many tasks are admitted in the record and have not ended
	running   int // how many tasks run
	ended     int
}

// NewLedger returns the ledger of a record.
func NewLedger(plan Plan, account Account) *Ledger {
	l := &Ledger{
		plan:      plan,
		account:   account.Clone(),
		slots:     plan.Settings.PodPoolSize,
		tasks:     make([]Task, len(plan.Nodes)),
		byNode:    make(map[string]int, len(plan.Nodes)),
		unsaved:   map[int]bool{},
		created:   map[int]bool{},
		abandoned: map[int]bool{},
	}
	for i, node := range plan.Nodes {
		l.tasks[i] = Task{Index: i, Node: node, Outcome: Outcome{State: Pending}, ResultOptional: plan.Settings.ResultOptional}
		l.byNode[node.Name] = i
	}
	for outcome, indexes := range account.Outcomes {
		for i := range indexes.All() {
			// A damaged record may list a task twice.
			if i < len(l.tasks) && !l.tasks[i].Outcome.State.Final() {
				l.tasks[i].Outcome = outcome
				l.ended++
			}
		}
	}
	l.countExposed()
	return l
}

// countExposed counts the admitted tasks anew.
func (l *Ledger) countExposed() {
	l.exposed = 0
	for i := range l.account.Admitted.All() {
		// A damaged record may list a task that the plan does not have.
		if i >= len(l.tasks) || !l.tasks[i].Outcome.State.Final() {
			l.exposed++
		}
	}
}

// Plan returns the execution's plan.
func (l *Ledger) Plan() Plan { return l.plan }

// Phase returns the record's phase.
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

// Admitted reports whether the record allows the task to have a Job. A task that
// is not admitted has no Job.
func (l *Ledger) Admitted(i int) bool { return l.account.Admitted.Has(i) }

// Created reports whether the task has or had a Job.
func (l *Ledger) Created(i int) bool {
	return l.created[i] || l.account.Created.Has(i)
}

// Granted reports whether the task has or had a slot: its Job may be created.
func (l *Ledger) Granted(i int) bool { return i < l.granted }

// InFlight returns how many tasks hold a slot.
func (l *Ledger) InFlight() int { return l.inFlight }

// Exposed returns how many tasks are admitted in the record and have not ended, whether or
// not the record has their ends. It is what the next account exposes at least.
func (l *Ledger) Exposed() int { return l.exposed }

// Usable returns how many tasks could be admitted and not have ended, if no share bounded
// them: the pool, or as many as are left.
func (l *Ledger) Usable() int { return min(l.plan.Settings.PodPoolSize, len(l.tasks)-l.ended) }

// Running returns how many tasks run.
func (l *Ledger) Running() int { return l.running }

// Ended returns how many tasks have ended.
func (l *Ledger) Ended() int { return l.ended }

// Done reports whether every task has ended and the record says so.
func (l *Ledger) Done() bool {
	return l.ended == len(l.tasks) && len(l.unsaved) == 0
}

// NoteCreated records that the task's Job exists.
func (l *Ledger) NoteCreated(i int) {
	if !l.Created(i) {
		l.created[i] = true
	}
}

// NoteStarted records that the task runs, and since when: zero while its init
// containers run. The earliest time counts: a task has a pod for each attempt.
func (l *Ledger) NoteStarted(i int, at time.Time) {
	t := &l.tasks[i]
	if !at.IsZero() && (t.Started.IsZero() || at.Before(t.Started)) {
		t.Started = at
	}
	if t.Outcome.State == Pending {
		t.Outcome.State = Running
		l.running++
	}
}

// NoteReported records that the task's result is stored.
func (l *Ledger) NoteReported(i int) { l.tasks[i].Reported, l.tasks[i].Heard = true, true }

// NoteHeard records that a file or an event of the task was received.
func (l *Ledger) NoteHeard(i int) { l.tasks[i].Heard = true }

// End is how and when a task ended.
type End struct {
	Outcome  Outcome
	Message  string
	Started  time.Time // zero if it never started, or the time is unknown
	Finished time.Time
}

// At returns the end, with now as its time if it has none.
func (e End) At(now time.Time) End {
	if e.Finished.IsZero() {
		e.Finished = now
	}
	return e
}

// Finish ends a task whose Job exists and shows its end, and reports whether the
// task had not ended before. Its slot is free at once. A task whose outcome comes
// from the record has neither times nor a message: they are filled in, and the
// outcome stays.
func (l *Ledger) Finish(i int, end End) (ended bool) {
	ended = l.end(i, end)
	if ended && l.Granted(i) {
		l.inFlight--
	}
	return ended
}

// Abandon ends a task that has no Job of this execution, and reports whether the
// task had not ended before. It holds its slot until the record is written:
// before, another leader would run it.
func (l *Ledger) Abandon(i int, end End) (ended bool) {
	ended = l.end(i, end)
	if ended {
		l.abandoned[i] = true
	}
	return ended
}

func (l *Ledger) end(i int, end End) (ended bool) {
	t := &l.tasks[i]
	ended = !t.Outcome.State.Final()
	if ended {
		if t.Outcome.State == Running {
			l.running--
		}
		t.Outcome = end.Outcome
		l.unsaved[i] = true
		l.ended++
		l.waiting.remove(l, i)
		if l.account.Admitted.Has(i) {
			l.exposed--
		}
	}
	if ended || (t.Finished.IsZero() && t.Outcome == end.Outcome) {
		t.Message = Truncate(end.Message, MaxMessage)
		t.Finished = end.Finished
		if t.Started.IsZero() || (!end.Started.IsZero() && end.Started.Before(t.Started)) {
			t.Started = end.Started
		}
	}
	return ended
}

// Grant gives free slots to the next admitted tasks, and returns these tasks.
func (l *Ledger) Grant() (granted []int) {
	for ; l.granted < len(l.tasks); l.granted++ {
		i := l.granted
		final := l.tasks[i].Outcome.State.Final()
		if final && !l.abandoned[i] {
			continue
		}
		if l.inFlight >= l.slots || !l.account.Admitted.Has(i) {
			break
		}
		l.inFlight++
		if !final {
			l.waiting.remove(l, i)
			granted = append(granted, i)
		}
	}
	return granted
}

// NextAccount returns the account to write next, with everything observed. It
// admits as many tasks again as have a slot, so that a free slot goes to the next
// task without a write in between; with a share, no more than the share. Its cost grows
// with the account: Urgency says whether a write is needed.
func (l *Ledger) NextAccount(a Admission) Account {
	next := l.account.Clone()
	if next.Outcomes == nil {
		next.Outcomes = map[Outcome]Indexes{}
	}
	for i := range l.created {
		next.Created.Add(i)
	}
	// In ascending order, a set grows at its end: of an execution that is canceled, thousands
	// of tasks end at once.
	for _, i := range slices.Sorted(maps.Keys(l.unsaved)) {
		indexes := next.Outcomes[l.tasks[i].Outcome]
		indexes.Add(i)
		next.Outcomes[l.tasks[i].Outcome] = indexes
	}
	l.admit(&next, a)
	return next
}

// FirstAccount returns the account that an execution opens with: as many tasks are admitted
// as by the first NextAccount.
func FirstAccount(plan Plan, a Admission) Account {
	return NewLedger(plan, Account{Phase: Open}).NextAccount(a)
}

// Commit stores an account from NextAccount once the record holds it.
func (l *Ledger) Commit(written Account) {
	for i := range l.unsaved {
		if !written.Outcomes[l.tasks[i].Outcome].Has(i) {
			continue
		}
		delete(l.unsaved, i)
		if l.abandoned[i] {
			delete(l.abandoned, i)
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
	l.countExposed()
	l.waiting = waiting{end: l.granted} // to be counted again: another set is admitted
}

// Closing returns the account that ends the acceptance of callbacks.
func (l *Ledger) Closing() Account {
	closing := l.account.Clone()
	closing.Phase = Closing
	return closing
}

// Close returns the account that closes the record, once its report is written.
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

// Report returns the execution's report.
func (l *Ledger) Report(closed time.Time) Report {
	r := Report{
		ID:          l.plan.ID,
		Trigger:     l.plan.Trigger,
		Scheduled:   l.plan.Scheduled,
		Closed:      closed,
		ConfigHash:  l.plan.ConfigHash,
		NodeCronJob: l.plan.NodeCronJob,
		Execution:   l.plan.Execution,
		Partial:     l.plan.Partial,
		Reason:      l.plan.Reason,
		RequestedBy: l.plan.RequestedBy,
		Tasks:       make([]TaskReport, 0, len(l.tasks)+len(l.plan.Skipped)),
	}
	for _, t := range l.tasks {
		r.Tasks = append(r.Tasks, NewTaskReport(t))
	}
	for _, s := range l.plan.Skipped {
		r.Tasks = append(r.Tasks, TaskReport{Node: s.Node, State: Skipped, Reason: s.Reason})
	}
	return r
}
