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
	refused   = Outcome{State: Failed, Reason: JobRefused}
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

// write has the record written, and the slots granted that this allows.
func write(l *Ledger) {
	next := l.NextAccount()
	l.Commit(next)
	l.Grant()
}

// finish ends a task, and grants its slot to the next.
func finish(l *Ledger, i int, outcome Outcome) {
	l.Finish(i, End{Outcome: outcome})
	l.Grant()
}

// abandon ends a task without a Job, and grants what is free.
func abandon(l *Ledger, i int, outcome Outcome) {
	l.Abandon(i, End{Outcome: outcome})
	l.Grant()
}

// show formats an account as in a record.
func show(a Account) string {
	lines := []string{"admitted " + a.Admitted.String(), "created " + a.Created.String()}
	for outcome, indexes := range a.Outcomes {
		lines = append(lines, strings.TrimSuffix(string(outcome.State)+"/"+string(outcome.Reason), "/")+" "+indexes.String())
	}
	slices.Sort(lines[2:])
	return strings.Join(lines, "; ")
}

func TestLedgerNextAccount(t *testing.T) {
	cases := map[string]struct {
		pool, nodes int
		account     Account
		facts       func(*Ledger)

		want         string
		wantUrgency  Urgency
		wantInFlight int // once it is written
	}{
		"a new execution admits two pools' worth": {
			pool: 2, nodes: 9,
			want: "admitted 0-3; created ", wantUrgency: Immediate, wantInFlight: 2,
		},
		"a new execution with a pool of one": {
			pool: 1, nodes: 9,
			want: "admitted 0-1; created ", wantUrgency: Immediate, wantInFlight: 1,
		},
		"fewer nodes than slots": {
			pool: 5, nodes: 2,
			want: "admitted 0-1; created ", wantUrgency: Immediate, wantInFlight: 2,
		},
		"fewer nodes than two pools' worth": {
			pool: 2, nodes: 3,
			want: "admitted 0-2; created ", wantUrgency: Immediate, wantInFlight: 2,
		},
		"no nodes": {
			pool: 5,
			want: "admitted ; created ", wantUrgency: NoWrite,
		},
		"a full pool with a full reserve and no news": {
			pool: 2, nodes: 9, account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			want: "admitted 0-3; created ", wantUrgency: NoWrite, wantInFlight: 2,
		},
		"a full pool without a reserve": {
			pool: 2, nodes: 9, account: Account{Admitted: indexesOf(0, 1)},
			want: "admitted 0-3; created ", wantUrgency: Immediate, wantInFlight: 2,
		},
		"a reserve that is more than half full": {
			pool: 4, nodes: 20, account: Account{Admitted: indexesOf(0, 1, 2, 3, 4, 5, 6, 7)},
			facts: func(l *Ledger) { finish(l, 1, succeeded) },
			want:  "admitted 0-8; created ; succeeded 1", wantUrgency: Deferred, wantInFlight: 4,
		},
		"a reserve that is half used": {
			pool: 4, nodes: 20, account: Account{Admitted: indexesOf(0, 1, 2, 3, 4, 5, 6, 7)},
			facts: func(l *Ledger) {
				finish(l, 1, succeeded)
				finish(l, 0, succeeded)
			},
			want: "admitted 0-9; created ; succeeded 0-1", wantUrgency: Immediate, wantInFlight: 4,
		},
		"a reserve that is used up": {
			pool: 2, nodes: 9, account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts: func(l *Ledger) {
				for i := range 4 {
					finish(l, i, succeeded)
				}
			},
			want: "admitted 0-7; created ; succeeded 0-3", wantUrgency: Immediate, wantInFlight: 2,
		},
		"a reserve of one that is used": {
			pool: 1, nodes: 9, account: Account{Admitted: indexesOf(0, 1)},
			facts: func(l *Ledger) { finish(l, 0, succeeded) },
			want:  "admitted 0-2; created ; succeeded 0", wantUrgency: Immediate, wantInFlight: 1,
		},
		"a pool of one with a full reserve": {
			pool: 1, nodes: 9, account: Account{Admitted: indexesOf(0, 1)},
			want: "admitted 0-1; created ", wantUrgency: NoWrite, wantInFlight: 1,
		},
		"a reserve that is half used at the end of the list": {
			pool: 4, nodes: 8, account: Account{Admitted: indexesOf(0, 1, 2, 3, 4, 5, 6, 7)},
			facts: func(l *Ledger) {
				finish(l, 1, succeeded)
				finish(l, 0, succeeded)
			},
			want: "admitted 0-7; created ; succeeded 0-1", wantUrgency: Deferred, wantInFlight: 4,
		},
		"a Job was created": {
			pool: 2, nodes: 9, account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts: func(l *Ledger) { l.NoteCreated(1) },
			want:  "admitted 0-3; created 1", wantUrgency: Deferred, wantInFlight: 2,
		},
		"a Job that the record knows": {
			pool: 2, nodes: 9, account: Account{Admitted: indexesOf(0, 1, 2, 3), Created: indexesOf(0)},
			facts: func(l *Ledger) { l.NoteCreated(0) },
			want:  "admitted 0-3; created 0", wantUrgency: NoWrite, wantInFlight: 2,
		},
		"a task started": {
			pool: 2, nodes: 9, account: Account{Admitted: indexesOf(0, 1, 2, 3), Created: indexesOf(0)},
			facts: func(l *Ledger) { l.NoteStarted(0, at("2026-03-04T05:00:10Z")) },
			want:  "admitted 0-3; created 0", wantUrgency: NoWrite, wantInFlight: 2,
		},
		"two ends of one kind, one of another": {
			pool: 3, nodes: 4, account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts: func(l *Ledger) {
				finish(l, 2, succeeded)
				finish(l, 0, succeeded)
				finish(l, 1, oomKilled)
			},
			want: "admitted 0-3; created ; failed/OOMKilled 1; succeeded 0,2", wantUrgency: Deferred, wantInFlight: 1,
		},
		"the last end": {
			pool: 2, nodes: 2,
			account: Account{Admitted: indexesOf(0, 1), Outcomes: map[Outcome]Indexes{succeeded: indexesOf(0)}},
			facts:   func(l *Ledger) { finish(l, 1, succeeded) },
			want:    "admitted 0-1; created ; succeeded 0-1", wantUrgency: Immediate,
		},
		"a task was abandoned": {
			pool: 2, nodes: 4, account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts: func(l *Ledger) { abandon(l, 1, refused) },
			want:  "admitted 0-3; created ; failed/JobRefused 1", wantUrgency: Immediate, wantInFlight: 2,
		},
		"a task that was abandoned keeps its slot until it is written": {
			pool: 2, nodes: 9, account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts: func(l *Ledger) { abandon(l, 1, refused) },
			want:  "admitted 0-3; created ; failed/JobRefused 1", wantUrgency: Immediate, wantInFlight: 2,
		},
		"a node that is gone before its turn is passed over": {
			pool: 2, nodes: 9, account: Account{Admitted: indexesOf(0, 1)},
			facts: func(l *Ledger) { abandon(l, 2, nodeGone) },
			want:  "admitted 0-1,3-4; created ; skipped/NodeGone 2", wantUrgency: Immediate, wantInFlight: 2,
		},
		"a node that is gone before its turn frees no slot": {
			pool: 2, nodes: 9, account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts: func(l *Ledger) { abandon(l, 8, nodeGone) },
			want:  "admitted 0-3; created ; skipped/NodeGone 8", wantUrgency: Immediate, wantInFlight: 2,
		},
		"the pool shrank since the record was written": {
			pool: 1, nodes: 5, account: Account{Admitted: indexesOf(0, 1, 2)},
			facts: func(l *Ledger) { finish(l, 0, succeeded) },
			want:  "admitted 0-2; created ; succeeded 0", wantUrgency: Deferred, wantInFlight: 1,
		},
		"a damaged record with indexes beyond the plan": {
			pool: 2, nodes: 2,
			account: Account{Admitted: indexesOf(0, 9), Outcomes: map[Outcome]Indexes{succeeded: indexesOf(0, 8)}},
			want:    "admitted 0-1,9; created ; succeeded 0,8", wantUrgency: Immediate, wantInFlight: 1,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			tc.account.Phase = Open
			before := show(tc.account)
			l := NewLedger(planOf(tc.pool, tc.nodes), tc.account)
			l.Grant()
			if tc.facts != nil {
				tc.facts(l)
			}
			next, urgency := l.NextAccount(), l.Urgency()
			if show(next) != tc.want {
				t.Errorf("draft %q, want %q", show(next), tc.want)
			}
			if urgency != tc.wantUrgency {
				t.Errorf("urgency %d, want %d", urgency, tc.wantUrgency)
			}
			if again := l.NextAccount(); show(again) != tc.want {
				t.Errorf("drafted again %q, want %q", show(again), tc.want)
			}
			l.Commit(next)
			l.Grant()
			if l.InFlight() != tc.wantInFlight {
				t.Errorf("in flight %d, want %d", l.InFlight(), tc.wantInFlight)
			}
			if show(tc.account) != before {
				t.Errorf("the record's account became %q", show(tc.account))
			}
		})
	}
}

func TestLedgerGrant(t *testing.T) {
	cases := map[string]struct {
		account Account
		facts   func(*Ledger)

		want         []int
		wantInFlight int
	}{
		"nothing is admitted": {},
		"the first tasks, as many as the pool has": {
			account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			want:    []int{0, 1}, wantInFlight: 2,
		},
		"nothing beyond what the record admits": {
			account: Account{Admitted: indexesOf(0)},
			want:    []int{0}, wantInFlight: 1,
		},
		"nothing that is only drafted": {
			account: Account{Admitted: indexesOf(0)},
			facts:   func(l *Ledger) { l.NextAccount() },
			want:    []int{0}, wantInFlight: 1,
		},
		"no task overtakes a task that is not admitted": {
			account: Account{Admitted: indexesOf(0, 2, 3)},
			want:    []int{0}, wantInFlight: 1,
		},
		"a full pool": {
			account:      Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts:        func(l *Ledger) { l.Grant() },
			wantInFlight: 2,
		},
		"a share that is smaller than the pool": {
			account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts:   func(l *Ledger) { l.Resize(1) },
			want:    []int{0}, wantInFlight: 1,
		},
		"a share is never more than the pool": {
			account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts:   func(l *Ledger) { l.Resize(3) },
			want:    []int{0, 1}, wantInFlight: 2,
		},
		"a share that has shrunk takes no slot away, and gives none that is freed": {
			account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts: func(l *Ledger) {
				l.Grant()
				l.Resize(1)
				l.Finish(0, End{Outcome: succeeded})
			},
			wantInFlight: 1,
		},
		"what a write admits": {
			account: Account{Admitted: indexesOf(0)},
			facts: func(l *Ledger) {
				l.Grant()
				next := l.NextAccount()
				l.Commit(next)
			},
			want: []int{1}, wantInFlight: 2,
		},
		"a slot freed by an end goes to the next at once": {
			account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts: func(l *Ledger) {
				l.Grant()
				l.Finish(1, End{Outcome: succeeded})
			},
			want: []int{2}, wantInFlight: 2,
		},
		"an end that is told twice frees one slot": {
			account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts: func(l *Ledger) {
				l.Grant()
				l.Finish(1, End{Outcome: succeeded})
				l.Finish(1, End{Outcome: oomKilled})
				l.Abandon(1, End{Outcome: refused})
			},
			want: []int{2}, wantInFlight: 2,
		},
		"a slot that is free by an end is not freed again by the write": {
			account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts: func(l *Ledger) {
				l.Grant()
				finish(l, 1, succeeded)
				next := l.NextAccount()
				l.Commit(next)
			},
			wantInFlight: 2,
		},
		"tasks that ended before their turn are passed over": {
			account: Account{Admitted: indexesOf(0, 1, 2, 3, 4)},
			facts: func(l *Ledger) {
				l.Grant()
				l.Finish(2, End{Outcome: succeeded}) // an earlier leader's Job
				l.Finish(3, End{Outcome: succeeded})
				l.Finish(0, End{Outcome: succeeded})
			},
			want: []int{4}, wantInFlight: 2,
		},
		"a task that ended before its turn frees no slot": {
			account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts: func(l *Ledger) {
				l.Grant()
				l.Finish(2, End{Outcome: succeeded})
			},
			wantInFlight: 2,
		},
		"a slot freed by an abandoned task waits for the record": {
			account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts: func(l *Ledger) {
				l.Grant()
				l.Abandon(1, End{Outcome: refused})
			},
			wantInFlight: 2,
		},
		"a slot freed by an abandoned task is free when the record tells": {
			account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts: func(l *Ledger) {
				l.Grant()
				l.Abandon(1, End{Outcome: refused})
				next := l.NextAccount()
				l.Commit(next)
			},
			want: []int{2}, wantInFlight: 2,
		},
		"an abandoned task that is written twice frees one slot": {
			account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts: func(l *Ledger) {
				l.Grant()
				l.Abandon(1, End{Outcome: refused})
				write(l)
				l.Abandon(1, End{Outcome: refused})
				next := l.NextAccount()
				l.Commit(next)
			},
			wantInFlight: 2,
		},
		"a write that does not have the abandoned task yet frees nothing": {
			account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts: func(l *Ledger) {
				l.Grant()
				next := l.NextAccount()
				l.Abandon(1, End{Outcome: refused})
				l.Commit(next)
			},
			wantInFlight: 2,
		},
		"a write that has one of two abandoned tasks frees one slot": {
			account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts: func(l *Ledger) {
				l.Grant()
				l.Abandon(1, End{Outcome: refused})
				next := l.NextAccount()
				l.Abandon(0, End{Outcome: refused})
				l.Commit(next)
			},
			want: []int{2}, wantInFlight: 2,
		},
		"a Job that turns up after its task was abandoned frees nothing": {
			account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts: func(l *Ledger) {
				l.Grant()
				l.Abandon(1, End{Outcome: refused})
				l.Finish(1, End{Outcome: succeeded})
			},
			wantInFlight: 2,
		},
		"an abandoned task before its turn holds a slot until the record tells": {
			account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts: func(l *Ledger) {
				l.Abandon(0, End{Outcome: nodeGone})
			},
			want: []int{1}, wantInFlight: 2,
		},
		"an abandoned task before its turn holds no slot once the record tells": {
			account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts: func(l *Ledger) {
				l.Abandon(0, End{Outcome: nodeGone})
				l.Grant()
				next := l.NextAccount()
				l.Commit(next)
			},
			want: []int{2}, wantInFlight: 2,
		},
		"an abandoned task that was written before its turn holds no slot": {
			account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts: func(l *Ledger) {
				l.Abandon(0, End{Outcome: nodeGone})
				next := l.NextAccount()
				l.Commit(next)
			},
			want: []int{1, 2}, wantInFlight: 2,
		},
		"an abandoned task behind the pool frees nothing": {
			account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts: func(l *Ledger) {
				l.Grant()
				l.Abandon(3, End{Outcome: nodeGone})
				next := l.NextAccount()
				l.Commit(next)
			},
			wantInFlight: 2,
		},
		"an abandoned task that is not admitted is waited for": {
			account: Account{Admitted: indexesOf(0, 2, 3)},
			facts:   func(l *Ledger) { l.Abandon(1, End{Outcome: nodeGone}) },
			want:    []int{0}, wantInFlight: 1,
		},
		"an abandoned task that is not admitted is passed over once the record tells": {
			account: Account{Admitted: indexesOf(0, 2, 3)},
			facts: func(l *Ledger) {
				l.Abandon(1, End{Outcome: nodeGone})
				next := l.NextAccount()
				l.Commit(next)
			},
			want: []int{0, 2}, wantInFlight: 2,
		},
		"after a restart the first that have not ended": {
			account: Account{Admitted: indexesOf(0, 1, 2, 3, 4, 5), Created: indexesOf(0, 1, 2, 3), Outcomes: map[Outcome]Indexes{
				succeeded: indexesOf(0, 2), refused: indexesOf(3),
			}},
			want: []int{1, 4}, wantInFlight: 2,
		},
		"after a restart an end that the record did not know yet": {
			account: Account{Admitted: indexesOf(0, 1, 2, 3), Created: indexesOf(0, 1)},
			facts:   func(l *Ledger) { l.Finish(0, End{Outcome: succeeded}) },
			want:    []int{1, 2}, wantInFlight: 2,
		},
		"after a restart with all ended": {
			account: Account{Admitted: indexesOf(0, 1, 2, 3, 4, 5, 6, 7), Outcomes: map[Outcome]Indexes{
				succeeded: indexesOf(0, 1, 2, 3, 4, 5, 6, 7),
			}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			tc.account.Phase = Open
			l := NewLedger(planOf(2, 8), tc.account)
			if tc.facts != nil {
				tc.facts(l)
			}
			got := l.Grant()
			if !slices.Equal(got, tc.want) {
				t.Errorf("grants %v, want %v", got, tc.want)
			}
			if l.InFlight() != tc.wantInFlight {
				t.Errorf("in flight %d, want %d", l.InFlight(), tc.wantInFlight)
			}
			for _, i := range got {
				if !l.Granted(i) {
					t.Errorf("task %d got a slot and has none", i)
				}
			}
			if again := l.Grant(); len(again) > 0 {
				t.Errorf("then grants %v", again)
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
		"nothing": {wantInFlight: 2, wantNext: "admitted 0-4; created 0; succeeded 0"},
		"a task that has a slot ends": {
			facts:        func(l *Ledger) { finish(l, 1, oomKilled) },
			wantInFlight: 2, wantNext: "admitted 0-5; created 0; failed/OOMKilled 1; succeeded 0",
		},
		"all tasks that were admitted before end": {
			facts: func(l *Ledger) {
				for i := range 4 {
					finish(l, i, succeeded)
				}
			},
			wantInFlight: 1, wantNext: "admitted 0-7; created 0; succeeded 0-3",
		},
		"a task that has a slot is abandoned": {
			facts:        func(l *Ledger) { abandon(l, 1, refused) },
			wantInFlight: 2, wantNext: "admitted 0-4; created 0; failed/JobRefused 1; succeeded 0",
		},
		"the node of the task that is being admitted goes": {
			facts:        func(l *Ledger) { abandon(l, 4, nodeGone) },
			wantInFlight: 2, wantNext: "admitted 0-5; created 0; skipped/NodeGone 4; succeeded 0",
		},
		"a Job is created": {
			facts:        func(l *Ledger) { l.NoteCreated(1) },
			wantInFlight: 2, wantNext: "admitted 0-4; created 0-1; succeeded 0",
		},
		"what is being written is seen again": {
			facts: func(l *Ledger) {
				l.NoteCreated(0)
				finish(l, 0, oomKilled)
			},
			wantInFlight: 2, wantNext: "admitted 0-4; created 0; succeeded 0",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			l := NewLedger(planOf(2, 12), Account{Phase: Open, Admitted: indexesOf(0, 1, 2, 3)})
			l.Grant()
			l.NoteCreated(0)
			finish(l, 0, succeeded)
			written := l.NextAccount()
			if tc.facts != nil {
				tc.facts(l)
			}
			l.Commit(written)
			l.Grant()
			if l.InFlight() != tc.wantInFlight {
				t.Errorf("in flight %d, want %d", l.InFlight(), tc.wantInFlight)
			}
			if next := l.NextAccount(); show(next) != tc.wantNext {
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
			next := l.NextAccount()
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

// world is an execution under several leaders that are held up, crash, and
// lose the answers to their writes. What is true is in the record and the jobs;
// the leaders only know what they have seen of it.
type world struct {
	t       *testing.T
	r       *rand.Rand
	plan    Plan
	record  Account // what the API server has
	version int     // of the record
	jobs    []job   // of the tasks
	leaders []*leader
	flying  []*recordWrite // may arrive at any time
	fenced  bool           // no leader creates the Job of a task that a valid leader has abandoned
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
	l.ledger, l.version = NewLedger(w.plan, w.record), w.version
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
	return slices.ContainsFunc(w.leaders, func(l *leader) bool { return l.version == w.version && l.abandoned[i] }) ||
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

// abandon ends a task without a Job, as verifyJob does: the API server is asked
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

// send begins what keepRecord does.
func (w *world) send(l *leader) {
	if l.writing != nil {
		return
	}
	next, urgency := l.ledger.NextAccount(), l.ledger.Urgency()
	w.checkDraft(l, next, urgency)
	if urgency == NoWrite {
		return
	}
	l.writing = &recordWrite{by: l, base: l.version, next: next, abandoned: slices.Collect(maps.Keys(l.abandoned))}
	w.flying = append(w.flying, l.writing)
	w.did("%s sends version %d", l.name, l.version+1)
}

func (w *world) checkDraft(l *leader, next Account, urgency Urgency) {
	pool := w.plan.Settings.PodPoolSize
	if l.version == w.version && (urgency == NoWrite) != (show(next) == show(w.record)) {
		w.fail("%s would write %q with urgency %d", l.name, show(next), urgency)
	}
	added, unfinished, starved := 0, 0, false
	for i, task := range l.ledger.Tasks() {
		final := task.Outcome.State.Final()
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
		w.replace(f.next)
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
		l.writing, l.version = nil, w.version
		l.ledger.Commit(f.next)
		for _, i := range f.abandoned {
			delete(l.abandoned, i)
		}
		w.grant(l)
	}
}

// replace is the swap that has been compared.
func (w *world) replace(next Account) {
	before := w.record
	w.record = next.Clone()
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
		abandoned := len(outcomes) == 1 && isAbandoned(outcomes[0])
		switch {
		case j.created && !w.record.Admitted.Has(i), w.record.Created.Has(i) && !j.created:
			w.fail("task %d has a Job: %t; admitted: %t; the record says that it has: %t",
				i, j.created, w.record.Admitted.Has(i), w.record.Created.Has(i))
		case abandoned && j.created && w.fenced:
			w.fail("task %d was abandoned and has a Job", i)
		case len(outcomes) == 1 && !abandoned && outcomes[0] != j.end:
			w.fail("the record tells %v of task %d, which is %v", outcomes[0], i, j)
		case j.lives() && !abandoned:
			live++
		}
	}
	if live > pool {
		w.fail("%d tasks live", live)
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
	switch kind := w.r.IntN(24); {
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
// already: such a Job counts for no pool, all others do.
func TestLedgerWhateverHappens(t *testing.T) {
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := planOf(1+r.IntN(5), 1+r.IntN(16))
		w := &world{t: t, r: r, plan: p, record: Account{Phase: Open}, jobs: make([]job, len(p.Nodes)), fenced: seed%4 > 0}
		w.log = []string{fmt.Sprintf("seed %d, %d nodes, pool %d, fenced %t", seed, len(p.Nodes), p.Settings.PodPoolSize, w.fenced)}
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
		next, urgency := l.ledger.NextAccount(), l.ledger.Urgency()
		w.checkDraft(l, next, urgency)
		w.replace(next)
		l.version = w.version
		l.ledger.Commit(next)
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
