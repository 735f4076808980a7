package execution

import (
	"slices"
	"testing"
)

func TestAccountExposed(t *testing.T) {
	cases := map[string]struct {
		account Account
		want    int
	}{
		"nothing":        {},
		"admitted tasks": {account: Account{Admitted: indexesOf(0, 1, 5)}, want: 3},
		"some of them have ended": {
			account: Account{Admitted: indexesOf(0, 1, 2, 3), Outcomes: map[Outcome]Indexes{succeeded: indexesOf(0, 2), oomKilled: indexesOf(3)}},
			want:    1,
		},
		"tasks that ended without admission": {
			account: Account{Admitted: indexesOf(0), Outcomes: map[Outcome]Indexes{nodeGone: indexesOf(7), canceled: indexesOf(8)}},
			want:    1,
		},
		"a task that ended twice in a damaged record": {
			account: Account{Admitted: indexesOf(0, 1), Outcomes: map[Outcome]Indexes{succeeded: indexesOf(0), oomKilled: indexesOf(0)}},
			want:    1,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := tc.account.Exposed(); got != tc.want {
				t.Errorf("%d exposed, want %d", got, tc.want)
			}
			if l := NewLedger(planOf(1, 9), tc.account); l.Exposed() != tc.want {
				t.Errorf("the ledger counts %d, want %d", l.Exposed(), tc.want)
			}
		})
	}
}

func TestLedgerAdmission(t *testing.T) {
	cases := map[string]struct {
		admitted  Indexes
		facts     func(*Ledger)
		admission Admission

		want        string
		wantUrgency Urgency
	}{
		"a share that is smaller than the pool": {
			admission: Admission{Share: 1},
			want:      "admitted 0; created ", wantUrgency: Immediate,
		},
		"a share that is larger admits ahead of the slots": {
			admission: Admission{Share: 3},
			want:      "admitted 0-2; created ", wantUrgency: Immediate,
		},
		"no share admits more than two pools' worth": {
			admission: Admission{Share: 9},
			want:      "admitted 0-3; created ", wantUrgency: Immediate,
		},
		"no room yet": {
			admission: Admission{},
			want:      "admitted ; created ",
		},
		"a share that is used": {
			admitted: indexesOf(0, 1), admission: Admission{Share: 2},
			want: "admitted 0-1; created ",
		},
		"a share that has grown": {
			admitted: indexesOf(0), admission: Admission{Share: 2},
			want: "admitted 0-1; created ", wantUrgency: Immediate,
		},
		"an end makes room": {
			admitted: indexesOf(0, 1), admission: Admission{Share: 2},
			facts: func(l *Ledger) { finish(l, 0, succeeded) },
			want:  "admitted 0-2; created ; succeeded 0", wantUrgency: Immediate,
		},
		"an end does not while the share is below what is exposed": {
			admitted: indexesOf(0, 1), admission: Admission{Share: 1},
			facts: func(l *Ledger) { finish(l, 0, succeeded) },
			want:  "admitted 0-1; created ; succeeded 0", wantUrgency: Deferred,
		},
		"a task that was abandoned makes room in the write that tells of it": {
			admitted: indexesOf(0, 1), admission: Admission{Share: 2},
			facts: func(l *Ledger) { abandon(l, 1, refused) },
			want:  "admitted 0-2; created ; failed/JobRefused 1", wantUrgency: Immediate,
		},
		"paused": {
			admitted: indexesOf(0), admission: Admission{Share: NoShare, Paused: true},
			want: "admitted 0; created ",
		},
		"paused, and a task ends": {
			admitted: indexesOf(0), admission: Admission{Share: NoShare, Paused: true},
			facts: func(l *Ledger) { finish(l, 0, succeeded) },
			want:  "admitted 0; created ; succeeded 0", wantUrgency: Deferred,
		},
		"canceled before the rest has been": {
			admitted: indexesOf(0), admission: Admission{Share: NoShare, Canceled: true},
			want: "admitted 0; created ",
		},
		"canceled": {
			admitted: indexesOf(0), admission: Admission{Share: NoShare, Canceled: true},
			facts: func(l *Ledger) { l.CancelUnadmitted(at("2026-03-04T05:00:10Z")) },
			want:  "admitted 0; created ; canceled/NotStarted 1-4", wantUrgency: Immediate,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			l := NewLedger(planOf(2, 5), Account{Phase: Open, Admitted: tc.admitted})
			l.Grant()
			if tc.facts != nil {
				tc.facts(l)
			}
			next, urgency := l.NextAccount(tc.admission), l.Urgency(tc.admission)
			if show(next) != tc.want {
				t.Errorf("draft %q, want %q", show(next), tc.want)
			}
			if urgency != tc.wantUrgency {
				t.Errorf("urgency %d, want %d", urgency, tc.wantUrgency)
			}
		})
	}
}

func TestLedgerCancelUnadmitted(t *testing.T) {
	l := NewLedger(planOf(2, 6), Account{Phase: Open, Admitted: indexesOf(0, 1), Outcomes: map[Outcome]Indexes{nodeGone: indexesOf(4)}})
	l.Grant()
	l.NoteCreated(3) // a damaged record lacks its admission
	now := at("2026-03-04T05:00:10Z")
	if got := l.CancelUnadmitted(now); !slices.Equal(got, []int{2, 5}) {
		t.Errorf("cancels %v, want the tasks without admission, Job or end", got)
	}
	if got := l.CancelUnadmitted(now); len(got) > 0 {
		t.Errorf("cancels %v again", got)
	}
	if task, _ := l.Task(nodeName(2)); task.Outcome != canceled || !task.Finished.Equal(now) || !task.Started.IsZero() {
		t.Errorf("task %+v", task)
	}
	if granted := l.Grant(); len(granted) > 0 {
		t.Errorf("grants %v", granted)
	}
	finish(l, 0, succeeded)
	finish(l, 1, succeeded)
	finish(l, 3, succeeded)
	write(l)
	if !l.Done() || l.InFlight() != 0 {
		t.Errorf("Done %t, in flight %d", l.Done(), l.InFlight())
	}
}
