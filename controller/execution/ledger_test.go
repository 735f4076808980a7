package execution

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

var (
	succeeded = Outcome{State: Succeeded}
	oomKilled = Outcome{State: Failed, Reason: "OOMKilled"}
	nodeGone  = Outcome{State: Skipped, Reason: NodeGone}
	refused   = Outcome{State: Failed, Reason: JobRefused}
	canceled  = Outcome{State: Canceled, Reason: NotStarted}
)

// unshared is the admission of an execution without a share.
var unshared = Admission{Share: NoShare}

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
	next := l.NextAccount(unshared)
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
			next, urgency := l.NextAccount(unshared), l.Urgency(unshared)
			if show(next) != tc.want {
				t.Errorf("draft %q, want %q", show(next), tc.want)
			}
			if urgency != tc.wantUrgency {
				t.Errorf("urgency %d, want %d", urgency, tc.wantUrgency)
			}
			if again := l.NextAccount(unshared); show(again) != tc.want {
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
			written := l.NextAccount(unshared)
			if tc.facts != nil {
				tc.facts(l)
			}
			l.Commit(written)
			l.Grant()
			if l.InFlight() != tc.wantInFlight {
				t.Errorf("in flight %d, want %d", l.InFlight(), tc.wantInFlight)
			}
			if next := l.NextAccount(unshared); show(next) != tc.wantNext {
				t.Errorf("then drafts %q, want %q", show(next), tc.wantNext)
			}
		})
	}
}

func TestTheFirstAccountAdmitsWhatTheNextOneWould(t *testing.T) {
	tests := map[string]struct {
		pool, nodes int
		admission   Admission
		want        string
	}{
		"twice the pool":             {pool: 2, nodes: 9, admission: unshared, want: "0-3"},
		"no more than nodes":         {pool: 2, nodes: 3, admission: unshared, want: "0-2"},
		"no more than shared":        {pool: 2, nodes: 9, admission: Admission{Share: 1}, want: "0"},
		"none of no node":            {pool: 2, admission: unshared},
		"none if it is begun paused": {pool: 2, nodes: 9, admission: Admission{Share: NoShare, Paused: true}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := FirstAccount(planOf(tt.pool, tt.nodes), tt.admission)
			if got.Phase != Open || got.Admitted.String() != tt.want || got.Created.Len()+len(got.Outcomes) > 0 {
				t.Errorf("got %+v, want that %q are admitted", got, tt.want)
			}
		})
	}
}
