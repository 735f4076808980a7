package execution

import (
	"iter"
	"maps"
	"time"
)

// Phase says whether an execution still has work to do.
type Phase string

// The phases of an execution.
const (
	Open    Phase = "Open"
	Closing Phase = "Closing" // every task has ended: no callback is taken any more, and the report is written
	Closed  Phase = "Closed"
)

// Account is the part of an execution record that changes, always by
// compare-and-swap. Sets of indexes, not counters: an order of admission other
// than the list's needs no other form.
type Account struct {
	Phase    Phase
	ClosedAt time.Time // zero until closed
	// Admitted tasks may have a Job. It is written before their Jobs are
	// created: a task outside of it has none.
	Admitted Indexes
	// Created tasks have been seen to have a Job. One of them that has none
	// any more was deleted by somebody, and must not be run again.
	Created Indexes
	// Outcomes of the tasks that have ended, so that they need no Job to be
	// remembered.
	Outcomes map[Outcome]Indexes
	// Unreported tasks succeeded, and have not sent the result that is expected of
	// them. They are known when the execution is closed: until then it may come.
	Unreported Indexes
}

// Clone returns a copy that shares nothing with a.
func (a Account) Clone() Account {
	c := a
	c.Admitted = a.Admitted.Clone()
	c.Created = a.Created.Clone()
	c.Unreported = a.Unreported.Clone()
	c.Outcomes = maps.Clone(a.Outcomes)
	for outcome, indexes := range c.Outcomes {
		c.Outcomes[outcome] = indexes.Clone()
	}
	return c
}

// Ends yields the tasks that have ended, each with its outcome, whose state is its
// verdict.
func (a Account) Ends() iter.Seq2[int, Outcome] {
	return func(yield func(int, Outcome) bool) {
		for outcome, indexes := range a.Outcomes {
			for i := range indexes.All() {
				end := outcome
				end.State = verdict(outcome.State, !a.Unreported.Has(i), false)
				if !yield(i, end) {
					return
				}
			}
		}
	}
}

// Count returns how many of the tasks that have ended have which verdict.
func (a Account) Count() Counts {
	return Count(func(yield func(State) bool) {
		for _, end := range a.Ends() {
			if !yield(end.State) {
				return
			}
		}
	})
}
