package execution

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	succeeded = Outcome{State: Succeeded}
	oomKilled = Outcome{State: Failed, Reason: "OOMKilled"}
	nodeGone  = Outcome{State: Skipped, Reason: NodeGone}
)

func planOf(pool, nodes int) Plan {
	p := Plan{
		ID:         "20260304050000",
		Trigger:    Cron,
		Scheduled:  at("2026-03-04T05:00:00Z"),
		ConfigHash: "abc",
		Settings:   Settings{PodPoolSize: pool},
	}
	for i := range nodes {
		p.Nodes = append(p.Nodes, Node{Name: nodeName(i)})
	}
	return p
}

func nodeName(i int) string { return fmt.Sprintf("node-%d", i) }

func openLedger(pool, nodes int) *Ledger {
	return NewLedger(planOf(pool, nodes), Account{Phase: Open})
}

func write(l *Ledger) {
	next, _, _ := l.Draft()
	l.Commit(next)
}

// show prints an account the way a record holds it.
func show(a Account) string {
	lines := []string{"admitted " + a.Admitted.String(), "created " + a.Created.String()}
	for outcome, indexes := range a.Outcomes {
		lines = append(lines, strings.TrimSuffix(string(outcome.State)+"/"+string(outcome.Reason), "/")+" "+indexes.String())
	}
	slices.Sort(lines[2:])
	return strings.Join(lines, "; ")
}

func TestLedgerDraft(t *testing.T) {
	cases := map[string]struct {
		pool, nodes int
		account     Account
		facts       func(*Ledger)

		want         string
		wantAdmitted []int
		wantUrgency  Urgency
		wantInFlight int // once it is written
	}{
		"a new execution fills the pool": {
			pool: 2, nodes: 5,
			want: "admitted 0-1; created ", wantAdmitted: []int{0, 1}, wantUrgency: Hasty, wantInFlight: 2,
		},
		"fewer nodes than slots": {
			pool: 5, nodes: 2,
			want: "admitted 0-1; created ", wantAdmitted: []int{0, 1}, wantUrgency: Hasty, wantInFlight: 2,
		},
		"no nodes": {
			pool: 5,
			want: "admitted ; created ", wantUrgency: Idle,
		},
		"a full pool and no news": {
			pool: 2, nodes: 5, account: Account{Admitted: indexesOf(0, 1)},
			want: "admitted 0-1; created ", wantUrgency: Idle, wantInFlight: 2,
		},
		"a Job was created": {
			pool: 2, nodes: 5, account: Account{Admitted: indexesOf(0, 1)},
			facts: func(l *Ledger) { l.NoteCreated(1) },
			want:  "admitted 0-1; created 1", wantUrgency: Lazy, wantInFlight: 2,
		},
		"a Job that the record knows": {
			pool: 2, nodes: 5, account: Account{Admitted: indexesOf(0, 1), Created: indexesOf(0)},
			facts: func(l *Ledger) { l.NoteCreated(0) },
			want:  "admitted 0-1; created 0", wantUrgency: Idle, wantInFlight: 2,
		},
		"a task started": {
			pool: 2, nodes: 5, account: Account{Admitted: indexesOf(0, 1), Created: indexesOf(0)},
			facts: func(l *Ledger) { l.NoteStarted(0, at("2026-03-04T05:00:10Z")) },
			want:  "admitted 0-1; created 0", wantUrgency: Idle, wantInFlight: 2,
		},
		"an end and the admission it allows are one write": {
			pool: 2, nodes: 5, account: Account{Admitted: indexesOf(0, 1), Created: indexesOf(0, 1)},
			facts: func(l *Ledger) { l.Finish(1, End{Outcome: succeeded}) },
			want:  "admitted 0-2; created 0-1; succeeded 1", wantAdmitted: []int{2}, wantUrgency: Hasty, wantInFlight: 2,
		},
		"two ends of one kind, one of another": {
			pool: 3, nodes: 3, account: Account{Admitted: indexesOf(0, 1, 2)},
			facts: func(l *Ledger) {
				l.Finish(2, End{Outcome: succeeded})
				l.Finish(0, End{Outcome: succeeded})
				l.Finish(1, End{Outcome: oomKilled})
			},
			want: "admitted 0-2; created ; failed/OOMKilled 1; succeeded 0,2", wantUrgency: Hasty,
		},
		"a node that is gone before its turn is passed over": {
			pool: 2, nodes: 5, account: Account{Admitted: indexesOf(0, 1)},
			facts: func(l *Ledger) {
				l.Finish(2, End{Outcome: nodeGone})
				l.Finish(0, End{Outcome: succeeded})
			},
			want: "admitted 0-1,3; created ; skipped/NodeGone 2; succeeded 0", wantAdmitted: []int{3}, wantUrgency: Hasty, wantInFlight: 2,
		},
		"a node that is gone before its turn frees no slot": {
			pool: 2, nodes: 5, account: Account{Admitted: indexesOf(0, 1)},
			facts: func(l *Ledger) { l.Finish(4, End{Outcome: nodeGone}) },
			want:  "admitted 0-1; created ; skipped/NodeGone 4", wantUrgency: Hasty, wantInFlight: 2,
		},
		"the last end": {
			pool: 2, nodes: 2,
			account: Account{Admitted: indexesOf(0, 1), Outcomes: map[Outcome]Indexes{succeeded: indexesOf(0)}},
			facts:   func(l *Ledger) { l.Finish(1, End{Outcome: succeeded}) },
			want:    "admitted 0-1; created ; succeeded 0-1", wantUrgency: Hasty,
		},
		"the pool shrank since the record was written": {
			pool: 1, nodes: 5, account: Account{Admitted: indexesOf(0, 1, 2)},
			facts: func(l *Ledger) { l.Finish(0, End{Outcome: succeeded}) },
			want:  "admitted 0-2; created ; succeeded 0", wantUrgency: Hasty, wantInFlight: 2,
		},
		"a damaged record with indexes beyond the plan": {
			pool: 2, nodes: 2,
			account: Account{Admitted: indexesOf(0, 9), Outcomes: map[Outcome]Indexes{succeeded: indexesOf(0, 8)}},
			want:    "admitted 0-1,9; created ; succeeded 0,8", wantAdmitted: []int{1}, wantUrgency: Hasty, wantInFlight: 1,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			tc.account.Phase = Open
			before := show(tc.account)
			l := NewLedger(planOf(tc.pool, tc.nodes), tc.account)
			if tc.facts != nil {
				tc.facts(l)
			}
			next, admitted, urgency := l.Draft()
			if show(next) != tc.want {
				t.Errorf("draft %q, want %q", show(next), tc.want)
			}
			if !slices.Equal(admitted, tc.wantAdmitted) {
				t.Errorf("admitted %v, want %v", admitted, tc.wantAdmitted)
			}
			if urgency != tc.wantUrgency {
				t.Errorf("urgency %d, want %d", urgency, tc.wantUrgency)
			}
			again, _, _ := l.Draft()
			if show(again) != tc.want {
				t.Errorf("drafted again %q, want %q", show(again), tc.want)
			}
			if l.Commit(next); l.InFlight() != tc.wantInFlight {
				t.Errorf("in flight %d, want %d", l.InFlight(), tc.wantInFlight)
			}
			if show(tc.account) != before {
				t.Errorf("the record's account became %q", show(tc.account))
			}
		})
	}
}

func TestLedgerFactsWhileTheRecordIsWritten(t *testing.T) {
	cases := map[string]struct {
		facts func(*Ledger)

		wantInFlight int
		wantNext     string
	}{
		"nothing": {wantInFlight: 2, wantNext: "admitted 0-2; created 0; succeeded 0"},
		"a task that was admitted before ends": {
			facts:        func(l *Ledger) { l.Finish(1, End{Outcome: oomKilled}) },
			wantInFlight: 1, wantNext: "admitted 0-3; created 0; failed/OOMKilled 1; succeeded 0",
		},
		"the node of the task that is being admitted goes": {
			facts:        func(l *Ledger) { l.Finish(2, End{Outcome: nodeGone}) },
			wantInFlight: 1, wantNext: "admitted 0-3; created 0; skipped/NodeGone 2; succeeded 0",
		},
		"a Job is created": {
			facts:        func(l *Ledger) { l.NoteCreated(1) },
			wantInFlight: 2, wantNext: "admitted 0-2; created 0-1; succeeded 0",
		},
		"what is being written is seen again": {
			facts: func(l *Ledger) {
				l.NoteCreated(0)
				l.Finish(0, End{Outcome: oomKilled})
			},
			wantInFlight: 2, wantNext: "admitted 0-2; created 0; succeeded 0",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			l := NewLedger(planOf(2, 5), Account{Phase: Open, Admitted: indexesOf(0, 1)})
			l.NoteCreated(0)
			l.Finish(0, End{Outcome: succeeded})
			written, _, _ := l.Draft()
			if tc.facts != nil {
				tc.facts(l)
			}
			l.Commit(written)
			if l.InFlight() != tc.wantInFlight {
				t.Errorf("in flight %d, want %d", l.InFlight(), tc.wantInFlight)
			}
			if next, _, _ := l.Draft(); show(next) != tc.wantNext {
				t.Errorf("then drafts %q, want %q", show(next), tc.wantNext)
			}
		})
	}
}

func TestLedgerDone(t *testing.T) {
	l := openLedger(2, 2)
	write(l)
	l.Finish(0, End{Outcome: succeeded})
	write(l)
	if l.Done() {
		t.Error("done with a task in flight")
	}
	l.Finish(1, End{Outcome: oomKilled})
	if l.Done() {
		t.Error("done before the record tells so")
	}
	write(l)
	if !l.Done() || l.InFlight() != 0 || l.Ended() != 2 {
		t.Errorf("Done %t, in flight %d, ended %d", l.Done(), l.InFlight(), l.Ended())
	}
	if !openLedger(2, 0).Done() {
		t.Error("an execution without nodes is not done")
	}
}

func TestLedgerOfADamagedRecordThatNamesATaskTwice(t *testing.T) {
	l := NewLedger(planOf(2, 2), Account{Phase: Open, Admitted: indexesOf(0, 1), Outcomes: map[Outcome]Indexes{
		succeeded: indexesOf(0), oomKilled: indexesOf(0),
	}})
	if l.Done() || l.Ended() != 1 || l.InFlight() != 1 {
		t.Errorf("Done %t, ended %d, in flight %d", l.Done(), l.Ended(), l.InFlight())
	}
}

func TestLedgerFinish(t *testing.T) {
	start, end := at("2026-03-04T05:00:00Z"), at("2026-03-04T05:10:00Z")
	recorded := Account{Phase: Open, Admitted: indexesOf(0), Outcomes: map[Outcome]Indexes{succeeded: indexesOf(0)}}
	cases := map[string]struct {
		account Account
		facts   func(*Ledger)

		wantNews bool
		want     Task
	}{
		"a task that ran": {
			account:  Account{Phase: Open, Admitted: indexesOf(0)},
			wantNews: true,
			want:     Task{Outcome: succeeded, Message: "m", Started: start, Finished: end},
		},
		"a task without a slot": {
			wantNews: true,
			want:     Task{Outcome: succeeded, Message: "m", Started: start, Finished: end},
		},
		"a task that ended otherwise stays so": {
			facts: func(l *Ledger) { l.Finish(0, End{Outcome: oomKilled, Message: "first", Finished: start}) },
			want:  Task{Outcome: oomKilled, Message: "first", Finished: start},
		},
		"a task that the record tells of gets its times back": {
			account: recorded,
			want:    Task{Outcome: succeeded, Message: "m", Started: start, Finished: end},
		},
		"a task that the record tells otherwise of keeps its end": {
			account: Account{Phase: Open, Admitted: indexesOf(0), Outcomes: map[Outcome]Indexes{oomKilled: indexesOf(0)}},
			want:    Task{Outcome: oomKilled},
		},
		"an earlier attempt's start counts": {
			facts:    func(l *Ledger) { l.NoteStarted(0, start.Add(-time.Minute)) },
			wantNews: true,
			want:     Task{Outcome: succeeded, Message: "m", Started: start.Add(-time.Minute), Finished: end},
		},
		"a later attempt's start does not": {
			facts:    func(l *Ledger) { l.NoteStarted(0, start.Add(time.Minute)) },
			wantNews: true,
			want:     Task{Outcome: succeeded, Message: "m", Started: start, Finished: end},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			l := NewLedger(planOf(1, 1), tc.account)
			if tc.facts != nil {
				tc.facts(l)
			}
			news := l.Finish(0, End{Outcome: succeeded, Message: "m", Started: start, Finished: end})
			if news != tc.wantNews {
				t.Errorf("news %t, want %t", news, tc.wantNews)
			}
			tc.want.Node = Node{Name: nodeName(0)}
			if got, _ := l.Task(nodeName(0)); !reflect.DeepEqual(got, tc.want) {
				t.Errorf("task %+v, want %+v", got, tc.want)
			}
			if l.InFlight() != 0 {
				t.Errorf("in flight %d", l.InFlight())
			}
		})
	}
}

func TestLedgerCutsForeignMessages(t *testing.T) {
	l := openLedger(1, 1)
	l.Finish(0, End{Outcome: oomKilled, Message: strings.Repeat("ä", 4096)})
	if got, _ := l.Task(nodeName(0)); len(got.Message) > MaxMessage {
		t.Errorf("message of %d bytes", len(got.Message))
	}
}

func TestLedgerLooksUpTasks(t *testing.T) {
	l := NewLedger(planOf(1, 2), Account{Phase: Open, Admitted: indexesOf(0), Created: indexesOf(0)})
	if _, ok := l.Task("stranger"); ok {
		t.Error("knows a node that takes no part")
	}
	l.NoteStarted(0, at("2026-03-04T05:00:10Z"))
	if got, ok := l.Task(nodeName(0)); !ok || got.Outcome.State != Running {
		t.Errorf("task %+v, %t, want it running", got, ok)
	}
	if got, ok := l.Task(nodeName(1)); !ok || got.Index != 1 || got.Outcome.State != Pending {
		t.Errorf("task %+v, %t, want index 1, pending", got, ok)
	}
	if !l.Admitted(0) || l.Admitted(1) || !l.Created(0) || l.Created(1) {
		t.Error("mixes up what is admitted or created")
	}
	tasks := l.Tasks()
	tasks[0].Message = "scribble"
	if got, _ := l.Task(nodeName(0)); got.Message != "" {
		t.Error("Tasks shares its memory")
	}
	if l.Plan().ID != "20260304050000" || l.Phase() != Open {
		t.Errorf("plan of %s, phase %s", l.Plan().ID, l.Phase())
	}
}

func TestLedgerClose(t *testing.T) {
	l := openLedger(1, 1)
	write(l)
	l.NoteCreated(0)
	l.Finish(0, End{Outcome: succeeded})
	write(l)
	closed := l.Close(at("2026-03-04T06:00:00Z"))
	if closed.Phase != Closed || !closed.ClosedAt.Equal(at("2026-03-04T06:00:00Z")) {
		t.Errorf("phase %s at %s", closed.Phase, closed.ClosedAt)
	}
	if want := "admitted 0; created 0; succeeded 0"; show(closed) != want {
		t.Errorf("account %q, want %q", show(closed), want)
	}
	if l.Phase() != Open {
		t.Error("the ledger is closed before the record is")
	}
}

func TestAccountClone(t *testing.T) {
	a := Account{Admitted: indexesOf(0), Created: indexesOf(0), Outcomes: map[Outcome]Indexes{succeeded: indexesOf(0)}}
	before := show(a)
	clone := a.Clone()
	clone.Admitted.Add(1)
	clone.Created.Add(1)
	clone.Outcomes[oomKilled] = indexesOf(1)
	if show(a) != before {
		t.Errorf("became %q", show(a))
	}
	if want := (Counts{Succeeded: 1, Failed: 1}); !maps.Equal(clone.Count(), want) {
		t.Errorf("counts %v, want %v", clone.Count(), want)
	}
	if (Account{}).Clone().Outcomes != nil {
		t.Error("makes up outcomes")
	}
}

func TestLedgerReport(t *testing.T) {
	start, end := at("2026-03-04T05:00:10Z"), at("2026-03-04T05:00:12.5Z")
	p := planOf(3, 3)
	p.Skipped = []Skip{{Node: "cordoned", Reason: NodeUnschedulable}}
	l := NewLedger(p, Account{Phase: Open, Admitted: indexesOf(0, 1, 2)})
	l.Finish(0, End{Outcome: succeeded, Started: start, Finished: end})
	l.NoteReported(0)
	l.Finish(1, End{Outcome: oomKilled, Message: "container check ended with exit code 137", Finished: end})

	got := l.Report(at("2026-03-04T05:01:00Z"))

	want := Report{
		ID: p.ID, Trigger: Cron, Scheduled: p.Scheduled, Closed: at("2026-03-04T05:01:00Z"), ConfigHash: "abc",
		Tasks: []TaskReport{
			{Node: "node-0", State: Succeeded, Started: start, Finished: end, DurationMS: 2500, Reported: true},
			{Node: "node-1", State: Failed, Reason: "OOMKilled", Message: "container check ended with exit code 137", Finished: end},
			{Node: "node-2", State: Pending},
			{Node: "cordoned", State: Skipped, Reason: NodeUnschedulable},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("report\n%+v, want\n%+v", got, want)
	}
	if count := (Counts{Succeeded: 1, Failed: 1, Pending: 1, Skipped: 1}); !maps.Equal(got.Count(), count) {
		t.Errorf("counts %v, want %v", got.Count(), count)
	}
}

// permutations yields all orders of n things.
func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var all [][]int
	for _, order := range permutations(n - 1) {
		for i := range n {
			all = append(all, slices.Insert(slices.Clone(order), i, n-1))
		}
	}
	return all
}

func TestLedgerAllOrdersOfFactsGiveOneReport(t *testing.T) {
	start := at("2026-03-04T05:00:10Z")
	facts := []func(*Ledger){
		func(l *Ledger) { l.NoteCreated(0) },
		func(l *Ledger) { l.NoteStarted(0, start) },
		func(l *Ledger) { l.NoteStarted(0, start.Add(time.Minute)) },
		func(l *Ledger) { l.NoteReported(0) },
		func(l *Ledger) {
			l.Finish(0, End{Outcome: oomKilled, Message: "m", Started: start.Add(time.Minute), Finished: start.Add(2 * time.Minute)})
		},
		func(l *Ledger) { l.Finish(1, End{Outcome: nodeGone, Finished: start}) },
		func(l *Ledger) {
			next, _, _ := l.Draft()
			l.NoteCreated(0)
			l.Commit(next)
		},
	}
	var want Report
	for n, order := range permutations(len(facts)) {
		l := NewLedger(planOf(1, 2), Account{Phase: Open, Admitted: indexesOf(0)})
		for _, i := range order {
			facts[i](l)
		}
		write(l)
		write(l)
		if !l.Done() {
			t.Fatalf("order %v: not done", order)
		}
		got := l.Report(start)
		if n == 0 {
			want = got
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("order %v: report\n%+v, want\n%+v", order, got, want)
		}
	}
}

// world is an execution under a leader that crashes and whose writes get lost.
type world struct {
	t      *testing.T
	r      *rand.Rand
	plan   Plan
	record Account // what the API server has
	ledger *Ledger // what the leader knows
	log    []string
}

func (w *world) did(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf(format, args...))
}

func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("%s\nafter %s\nthe record holds %s", fmt.Sprintf(format, args...), strings.Join(w.log, ", "), show(w.record))
}

// fact is something that can be true: a Job of an admitted task, an end of a
// task that has a Job, a node that is gone.
func (w *world) fact() {
	i := w.r.IntN(len(w.plan.Nodes))
	task := w.ledger.Tasks()[i]
	switch kind := w.r.IntN(6); {
	case kind == 0 && w.r.IntN(4) == 0:
		w.did("node %d gone", i)
		w.finish(i, Outcome{State: Lost, Reason: NodeGone})
	case !w.ledger.Admitted(i):
	case kind == 1:
		w.did("created %d", i)
		w.ledger.NoteCreated(i)
	case kind == 2:
		w.did("started %d", i)
		w.ledger.NoteStarted(i, w.plan.Scheduled)
	case kind == 3:
		w.ledger.NoteReported(i)
	case !w.ledger.Created(i) && !task.Outcome.State.Final():
	default:
		w.did("ended %d", i)
		outcomes := []Outcome{succeeded, oomKilled, {State: Failed, Reason: JobTimeout}}
		w.finish(i, outcomes[w.r.IntN(len(outcomes))])
	}
	w.check()
}

func (w *world) finish(i int, outcome Outcome) {
	before := w.ledger.Tasks()[i].Outcome
	news := w.ledger.Finish(i, End{Outcome: outcome, Finished: w.plan.Scheduled})
	if news == before.State.Final() {
		w.fail("the end of task %d, which was %v, is news: %t", i, before, news)
	}
	if after := w.ledger.Tasks()[i].Outcome; before.State.Final() && after != before {
		w.fail("task %d, which ended as %v, became %v", i, before, after)
	}
}

// write is what keepRecord does, with all that can go wrong.
func (w *world) write() {
	next, admitted, _ := w.ledger.Draft()
	for _, i := range admitted {
		if w.record.Admitted.Has(i) || w.ledger.Tasks()[i].Outcome.State.Final() {
			w.fail("admits task %d, which needs no slot", i)
		}
	}
	if next.Admitted.Len() != w.record.Admitted.Len()+len(admitted) {
		w.fail("admits %v, which leads from %s to %s", admitted, w.record.Admitted, next.Admitted)
	}
	for range w.r.IntN(3) {
		w.fact()
	}
	switch w.r.IntN(5) {
	case 0:
		w.did("write lost")
	case 1:
		w.did("written %v, then crash", admitted)
		w.replace(next)
		w.crash()
	default:
		w.did("written %v", admitted)
		w.replace(next)
		w.ledger.Commit(next)
	}
	w.check()
}

// replace is the compare-and-swap.
func (w *world) replace(next Account) {
	before := w.record
	w.record = next.Clone()
	for i := range before.Admitted.All() {
		if !next.Admitted.Has(i) {
			w.fail("task %d loses its slot", i)
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

func (w *world) crash() { w.ledger = NewLedger(w.plan, w.record) }

func (w *world) check() {
	w.t.Helper()
	ends := map[int]int{}
	for _, indexes := range w.record.Outcomes {
		for i := range indexes.All() {
			ends[i]++
		}
	}
	inFlight, ended, recorded := 0, 0, 0
	for i, task := range w.ledger.Tasks() {
		if ends[i] > 1 {
			w.fail("task %d ended %d times", i, ends[i])
		}
		if w.record.Created.Has(i) && !w.record.Admitted.Has(i) {
			w.fail("task %d has a Job and no slot", i)
		}
		if w.record.Admitted.Has(i) && ends[i] == 0 {
			recorded++
		}
		if task.Outcome.State.Final() {
			ended++
		} else if w.record.Admitted.Has(i) {
			inFlight++
		}
	}
	if recorded > w.plan.Settings.PodPoolSize {
		w.fail("the record has %d tasks in flight", recorded)
	}
	if w.ledger.InFlight() != inFlight || w.ledger.Ended() != ended {
		w.fail("the ledger counts %d in flight and %d ended, there are %d and %d", w.ledger.InFlight(), w.ledger.Ended(), inFlight, ended)
	}
	if w.ledger.Done() != (len(ends) == len(w.plan.Nodes)) {
		w.fail("Done is %t, %d of %d ends are recorded", w.ledger.Done(), len(ends), len(w.plan.Nodes))
	}
}

func TestLedgerWhateverHappens(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := planOf(1+r.IntN(5), 1+r.IntN(12))
		w := &world{t: t, r: r, plan: p, record: Account{Phase: Open}}
		w.log = []string{fmt.Sprintf("seed %d, %d nodes, pool %d", seed, len(p.Nodes), p.Settings.PodPoolSize)}
		w.crash()
		for range 120 {
			switch r.IntN(10) {
			case 0:
				w.did("crash")
				w.crash()
				w.check()
			case 1, 2, 3:
				w.write()
			default:
				w.fact()
			}
		}
		w.settle()
	}
}

// settle lets nothing go wrong any more: then the execution has to come to its
// end within as many writes as it has tasks.
func (w *world) settle() {
	w.did("calm")
	for range len(w.plan.Nodes) + 1 {
		next, _, _ := w.ledger.Draft()
		w.replace(next)
		w.ledger.Commit(next)
		w.check()
		for i, task := range w.ledger.Tasks() {
			if w.ledger.Admitted(i) && !task.Outcome.State.Final() {
				w.ledger.NoteCreated(i)
				w.finish(i, succeeded)
			}
		}
		w.check()
	}
	if !w.ledger.Done() {
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
