package execution

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

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
	if granted := l.Grant(); !slices.Equal(granted, []int{1}) {
		t.Errorf("grants %v", granted)
	}
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
			l.Grant()
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
	if l.Granted(0) {
		t.Error("grants a slot unasked")
	}
	l.Grant()
	if !l.Granted(0) || l.Granted(1) || !l.Admitted(0) || l.Admitted(1) || !l.Created(0) || l.Created(1) {
		t.Error("mixes up what is granted, admitted or created")
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
	l := openLedger(3, 3)
	write(l)
	for i, outcome := range []Outcome{succeeded, succeeded, oomKilled} {
		l.NoteCreated(i)
		l.Finish(i, End{Outcome: outcome})
	}
	write(l)
	report := l.Report(at("2026-03-04T06:00:00Z"))
	report.Tasks[0].Reported = true
	report.Tasks = append(report.Tasks, TaskReport{Node: "of another execution", State: Succeeded})
	closed := l.Close(report)
	if closed.Phase != Closed || !closed.ClosedAt.Equal(at("2026-03-04T06:00:00Z")) {
		t.Errorf("phase %s at %s", closed.Phase, closed.ClosedAt)
	}
	if want := "admitted 0-2; created 0-2; failed/OOMKilled 2; succeeded 0-1"; show(closed) != want {
		t.Errorf("account %q, want %q", show(closed), want)
	}
	if got := closed.Unreported.String(); got != "1" {
		t.Errorf("%q have not reported, want the one that succeeded", got)
	}
	if l.Phase() != Open {
		t.Error("the ledger is closed before the record is")
	}
}

func TestAccountClone(t *testing.T) {
	a := Account{Admitted: indexesOf(0), Created: indexesOf(0), Unreported: indexesOf(0), Outcomes: map[Outcome]Indexes{succeeded: indexesOf(0)}}
	before := show(a)
	clone := a.Clone()
	clone.Admitted.Add(1)
	clone.Created.Add(1)
	clone.Unreported.Add(1)
	clone.Outcomes[oomKilled] = indexesOf(1)
	if show(a) != before || a.Unreported.Len() != 1 {
		t.Errorf("became %q", show(a))
	}
	if want := (Counts{Unreported: 1, Failed: 1}); !maps.Equal(clone.Count(), want) {
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
	l.Finish(1, End{Outcome: oomKilled, Message: "container check exited with code 137", Finished: end})

	got := l.Report(at("2026-03-04T05:01:00Z"))

	want := Report{
		ID: p.ID, Trigger: Cron, Scheduled: p.Scheduled, Closed: at("2026-03-04T05:01:00Z"), ConfigHash: "abc",
		Tasks: []TaskReport{
			{Node: "node-0", State: Succeeded, Started: start, Finished: end, DurationMS: 2500, Reported: true, Heard: true},
			{Node: "node-1", State: Failed, Reason: "OOMKilled", Message: "container check exited with code 137", Finished: end},
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
		func(l *Ledger) { l.Abandon(1, End{Outcome: nodeGone, Finished: start}) },
		func(l *Ledger) {
			next := l.NextAccount(unshared)
			l.NoteCreated(0)
			l.Commit(next)
			l.Grant()
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
		if !l.Done() || l.InFlight() != 0 {
			t.Fatalf("order %v: Done %t, in flight %d", order, l.Done(), l.InFlight())
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
