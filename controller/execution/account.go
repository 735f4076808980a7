package execution

import (
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
	// Unreported tasks succeeded, and have sent no result. They are known when
	// the execution is closed: until then a result may come.
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

// Count returns how many tasks have ended in which state.
func (a Account) Count() Counts {
	counts := Counts{}
	for outcome, indexes := range a.Outcomes {
		counts[outcome.State] += indexes.Len()
	}
	return counts
}
