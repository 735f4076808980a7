package execution

import (
	"fmt"
	"iter"
	"strings"
)

// Unreported is the verdict on a node task that succeeded although the result
// that is expected of it never came. No task is in this state while its
// execution is open, as the result may still come, and no outcome of a record
// has it: the account has a set of its own for it.
const Unreported State = "unreported"

// verdict is the one place that decides what a result, or the lack of one,
// makes of a state.
func verdict(state State, reported, resultOptional bool) State {
	if state == Succeeded && !reported && !resultOptional {
		return Unreported
	}
	return state
}

// Verdict returns the task's state with its result taken into account.
func (t Task) Verdict() State { return verdict(t.Outcome.State, t.Reported, t.ResultOptional) }

// Bad reports what the gauge <prefix>_processing shows as 1: the task failed, was
// lost, or succeeded without the result that is expected of it.
func (t Task) Bad() bool { return t.Verdict().Bad() }

// Verdict returns the line's state with its result taken into account.
func (t TaskReport) Verdict() State { return verdict(t.State, t.Reported, t.ResultOptional) }

// Bad reports whether the node needs attention.
func (t TaskReport) Bad() bool { return t.Verdict().Bad() }

// Bad reports whether a verdict is that a node needs attention.
func (s State) Bad() bool { return s == Failed || s == Lost || s == Unreported }

// Counts tells how many node tasks have which verdict.
type Counts map[State]int

// Count counts verdicts. Nothing else does, so that events, logs, metrics and
// commands agree.
func Count(verdicts iter.Seq[State]) Counts {
	c := Counts{}
	for v := range verdicts {
		c[v]++
	}
	return c
}

// Bad returns how many nodes need attention.
func (c Counts) Bad() int {
	n := 0
	for v, count := range c {
		if v.Bad() {
			n += count
		}
	}
	return n
}

// Verdicts returns what may become of a node task, in the order in which people
// are told.
func Verdicts() []State { return []State{Succeeded, Unreported, Failed, Lost, Skipped} }

// String returns the counts of tasks that have ended, such as "3 succeeded, 1
// failed"; empty: there are none.
func (c Counts) String() string {
	var parts []string
	for _, v := range Verdicts() {
		if c[v] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c[v], v))
		}
	}
	return strings.Join(parts, ", ")
}
