package execution

import (
	"slices"
	"testing"
)

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
			facts:   func(l *Ledger) { l.NextAccount(unshared) },
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
		"what a write admits": {
			account: Account{Admitted: indexesOf(0)},
			facts: func(l *Ledger) {
				l.Grant()
				next := l.NextAccount(unshared)
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
				next := l.NextAccount(unshared)
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
				next := l.NextAccount(unshared)
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
				next := l.NextAccount(unshared)
				l.Commit(next)
			},
			wantInFlight: 2,
		},
		"a write that does not have the abandoned task yet frees nothing": {
			account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts: func(l *Ledger) {
				l.Grant()
				next := l.NextAccount(unshared)
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
				next := l.NextAccount(unshared)
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
				next := l.NextAccount(unshared)
				l.Commit(next)
			},
			want: []int{2}, wantInFlight: 2,
		},
		"an abandoned task that was written before its turn holds no slot": {
			account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts: func(l *Ledger) {
				l.Abandon(0, End{Outcome: nodeGone})
				next := l.NextAccount(unshared)
				l.Commit(next)
			},
			want: []int{1, 2}, wantInFlight: 2,
		},
		"an abandoned task behind the pool frees nothing": {
			account: Account{Admitted: indexesOf(0, 1, 2, 3)},
			facts: func(l *Ledger) {
				l.Grant()
				l.Abandon(3, End{Outcome: nodeGone})
				next := l.NextAccount(unshared)
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
				next := l.NextAccount(unshared)
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
