package plan_test

import (
	"strings"
	"testing"
)

// rule is a rule of the protocol.
type rule uint8

const (
	allRules rule = iota
	holdsExecution
	grantsFirst
	ownGrant
	grantsAreWrites
	keepsSum
	oneAtATime
	staysExposed
	lowersExecutionFirst
	swapsExecution
	forgetsLowerings
	forgetsRaises
	leavesQueued
	endsClosed
	opensAfterReading
	opensByPresent
	createsFirst
	swapsRestored
	swapsQueued
)

func (m *model) lacks(r rule) bool { return m.without == r }

// TestSharesKeepMaxPods explores the whole protocol.
func TestSharesKeepMaxPods(t *testing.T) {
	for name, m := range map[string]model{
		"one Execution, requests that arrive late, a state that is deleted twice": {
			executions: 1, maxPods: 2, exposed: true, losses: true, deletions: 2,
		},
		"two Executions": {executions: 2, maxPods: 2, exposed: true},
		"two Executions, requests that arrive late": {executions: 2, maxPods: 1, losses: true},
		"two Executions, a state that is deleted":   {executions: 2, maxPods: 2, deletions: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := m.explore()
			if found.broken != "" {
				t.Fatalf("%s:\n%s", found.broken, strings.Join(found.trace, "\n"))
			}
			t.Logf("%d worlds", found.worlds)
			if found.worlds < 100_000 {
				t.Errorf("%d worlds: there were more", found.worlds)
			}
		})
	}
}

// TestSharesNeedEachRule leaves out one rule at a time: then an invariant must break.
func TestSharesNeedEachRule(t *testing.T) {
	for name, without := range map[string]rule{
		"a leader has an Execution before it is granted a raise, and forgets the raise if another client writes the Execution": holdsExecution,
		"a raise is granted before the Execution has it":                                                                       grantsFirst,
		"a leader raises only what it was granted itself, not a share that it finds":                                           ownGrant,
		"a grant of the same share is a write":                                                                                 grantsAreWrites,
		"a grant keeps the sum within maxPods":                                                                                 keepsSum,
		"of an Execution, a leader has one raise or lowering at a time":                                                        oneAtATime,
		"a share is not lowered below what is exposed":                                                                         staysExposed,
		"a lowering is in the Execution before the state has it":                                                               lowersExecutionFirst,
		"a lowering writes the Execution, also if its share stays":                                                             swapsExecution,
		"a leader has the state before it lowers, and forgets the lowering if another client writes the state":                 forgetsLowerings,
		"a leader forgets its raises if another client writes the state, or deletes it":                                        forgetsRaises,
		"the share of an Execution that is queued stays":                                                                       leavesQueued,
		"an entry stays until its Execution is closed":                                                                         endsClosed,
		"an Execution is read before the entry with which it is opened":                                                        opensAfterReading,
		"an entry that is not in the state any more opens nothing":                                                             opensByPresent,
		"a new state exists before the Executions are read that it counts":                                                     createsFirst,
		"a new state counts an Execution after it was swapped":                                                                 swapsRestored,
		"a new state is complete after the queued Executions were swapped, too":                                                swapsQueued,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := model{executions: 1, maxPods: 2, exposed: true, deletions: 2, without: without}
			if without == keepsSum {
				m = model{executions: 2, maxPods: 2, without: without}
			}
			found := m.explore()
			if found.broken == "" {
				t.Fatalf("all invariants hold in %d worlds", found.worlds)
			}
			t.Logf("%s:\n%s", found.broken, strings.Join(found.trace, "\n"))
		})
	}
}
