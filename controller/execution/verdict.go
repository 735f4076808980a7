package execution

import (
	"fmt"
	"iter"
	"strings"
)

// Unreported is the verdict on a node task that succeeded without the expected
// result. No task is in this state while its execution is open, as the result may
// still arrive. It is no outcome of a record: the account has a separate set.
const Unreported State = "unreported"

// verdict is the one place that turns a state and a result, or its lack, into a
// verdict.
func verdict(state State, reported, resultOptional bool) State {
	if state == Succeeded && !reported && !resultOptional {
		return Unreported
	}
	return state
}

// Verdict returns the task's state with its result taken into account.
func (t Task) Verdict() State { return verdict(t.Outcome.State, t.Reported, t.ResultOptional) }

// Bad reports whether the gauge <prefix>_processing is 1: the task failed, was
// lost, or succeeded without the expected result.
func (t Task) Bad() bool { return t.Verdict().Bad() }

// Verdict returns the line's state with its result taken into account.
func (t TaskReport) Verdict() State { return verdict(t.State, t.Reported, t.ResultOptional) }

// Bad reports whether the node needs attention.
func (t TaskReport) Bad() bool { return t.Verdict().Bad() }

// Known reports whether the task says anything about its node. A canceled task does only
// if it has sent its result: exported as good, it would hide what an earlier execution
// found.
func (t Task) Known() bool { return known(t.Outcome.State, t.Reported, t.Heard, t.ResultOptional) }

// Known reports whether the line says anything about its node: see Task.Known.
func (t TaskReport) Known() bool { return known(t.State, t.Reported, t.Heard, t.ResultOptional) }

func known(state State, reported, heard, resultOptional bool) bool {
	return state != Canceled || reported || (heard && resultOptional)
}

// Bad reports whether a verdict is that a node needs attention.
func (s State) Bad() bool { return s == Failed || s == Lost || s == Unreported }

// Counts is the number of node tasks by verdict.
type Counts map[State]int

// Count counts verdicts. Events, logs, metrics and commands all use it, so that
// they agree.
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

// Verdicts returns the possible verdicts, in the order of messages and pages.
func Verdicts() []State { return []State{Succeeded, Unreported, Failed, Lost, Skipped, Canceled} }

// String returns the counts of ended tasks, such as "3 succeeded, 1 failed";
// empty: none has ended.
func (c Counts) String() string {
	var parts []string
	for _, v := range Verdicts() {
		if c[v] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c[v], v))
		}
	}
	return strings.Join(parts, ", ")
}
