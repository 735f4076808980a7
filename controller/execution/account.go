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
	Closing Phase = "Closing" // every task has ended: no callback is accepted, and the report is being written
	Closed  Phase = "Closed"
)

// Account is the part of an execution record that changes, always by
// compare-and-swap. It has sets of indexes instead of counters, so that another
// order of admission needs no other schema.
type Account struct {
	Phase    Phase
	ClosedAt time.Time // zero until closed
	// Admitted tasks may have a Job. They are recorded before their Jobs are
	// created: a task that is not admitted has no Job.
	Admitted Indexes
	// Created tasks have been seen to have a Job. If the Job is missing, a client
	// deleted it, and the task must not run again.
	Created Indexes
	// Outcomes of the tasks that have ended. They outlive the Jobs.
	Outcomes map[Outcome]Indexes
	// Unreported tasks succeeded without the expected result. The set is filled
	// when the execution closes: until then the result may arrive.
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

// Exposed returns how many tasks are admitted and have not ended: no more pods than these
// may run.
func (a Account) Exposed() int {
	ended := make([]bool, a.Admitted.Max()+1)
	for _, indexes := range a.Outcomes {
		for i := range indexes.All() {
			if i < len(ended) {
				ended[i] = true
			}
		}
	}
	n := 0
	for i := range a.Admitted.All() {
		if !ended[i] {
			n++
		}
	}
	return n
}

// Ends yields the tasks that have ended, each with its outcome. The outcome's
// state is the task's verdict.
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

// Count returns the number of ended tasks by verdict.
func (a Account) Count() Counts {
	return Count(func(yield func(State) bool) {
		for _, end := range a.Ends() {
			if !yield(end.State) {
				return
			}
		}
	})
}
