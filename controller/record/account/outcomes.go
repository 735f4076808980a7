package account

import (
	"cmp"
	"slices"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

const (
	maxOutcomes = 1024 // that the definition of Execution allows
	maxReason   = 64   // bytes of one of their reasons
	otherReason = "Other"
)

// finalState returns the API's word for a state of a node task: states begin with a small
// letter in reports and metrics, and with a capital in the API.
func finalState(state execution.State) v1alpha1.FinalState {
	text := string(state)
	return v1alpha1.FinalState(strings.ToUpper(text[:min(1, len(text))]) + text[min(1, len(text)):])
}

// stateOf returns the state that a word of the API means, and whether a node task can end
// in it.
func stateOf(word v1alpha1.FinalState) (execution.State, bool) {
	text := string(word)
	state := execution.State(strings.ToLower(text[:min(1, len(text))]) + text[min(1, len(text)):])
	return state, state.Final() && finalState(state) == word
}

// fewOutcomes returns the outcomes as the API has them, and the tasks that succeeded. There
// may be more reasons than the API takes, because pods have their own: then the rarest are
// one, Other. The API server would reject the update, and with it all later ones.
func fewOutcomes(outcomes map[execution.Outcome]execution.Indexes) (few []v1alpha1.Outcome, succeeded execution.Indexes) {
	words := map[execution.Outcome][]execution.Indexes{}
	for outcome, indexes := range outcomes {
		if indexes.Len() > 0 {
			outcome.Reason = reasonWord(outcome.Reason)
			words[outcome] = append(words[outcome], indexes)
		}
	}
	for _, outcome := range rarest(words) {
		other := execution.Outcome{State: outcome.State, Reason: otherReason}
		words[other] = append(words[other], words[outcome]...)
		delete(words, outcome)
	}
	for outcome, sets := range words {
		few = append(few, v1alpha1.Outcome{
			State: finalState(outcome.State), Reason: string(outcome.Reason), Indexes: v1alpha1.Indexes(union(sets).String()),
		})
	}
	slices.SortFunc(few, func(a, b v1alpha1.Outcome) int {
		return cmp.Or(cmp.Compare(a.State, b.State), cmp.Compare(a.Reason, b.Reason))
	})
	return few, succeededOf(outcomes)
}

// rarest returns the outcomes that have to join Other, so that at most maxOutcomes are left.
func rarest(outcomes map[execution.Outcome][]execution.Indexes) []execution.Outcome {
	if len(outcomes) <= maxOutcomes {
		return nil
	}
	room := maxOutcomes
	tasks := map[execution.Outcome]int{}
	others := map[execution.State]bool{}
	for outcome, sets := range outcomes {
		switch outcome.Reason {
		case "":
			room--
		case otherReason:
			others[outcome.State] = true
		default:
			others[outcome.State] = true
			for _, set := range sets {
				tasks[outcome] += set.Len()
			}
		}
	}
	order := make([]execution.Outcome, 0, len(tasks))
	for outcome := range tasks {
		order = append(order, outcome)
	}
	slices.SortFunc(order, func(a, b execution.Outcome) int {
		return cmp.Or(cmp.Compare(tasks[b], tasks[a]), cmp.Compare(a.State, b.State), cmp.Compare(a.Reason, b.Reason))
	})
	return order[max(room-len(others), 0):]
}

// reasonWord reduces a reason to what the API takes. No reason stays none.
func reasonWord(reason execution.Reason) execution.Reason {
	word := strings.Map(func(r rune) rune {
		if ('A' <= r && r <= 'Z') || ('a' <= r && r <= 'z') || ('0' <= r && r <= '9') {
			return r
		}
		return -1
	}, string(reason))
	if word == "" && reason != "" {
		return otherReason
	}
	return execution.Reason(word[:min(len(word), maxReason)])
}

// union returns the indexes of all sets. They are added in ascending order, which is fast.
func union(sets []execution.Indexes) execution.Indexes {
	if len(sets) == 1 {
		return sets[0]
	}
	var all []int
	for _, set := range sets {
		all = slices.AppendSeq(all, set.All())
	}
	slices.Sort(all)
	var x execution.Indexes
	for _, i := range all {
		x.Add(i)
	}
	return x
}

// succeededOf returns the tasks that succeeded.
func succeededOf(outcomes map[execution.Outcome]execution.Indexes) execution.Indexes {
	var sets []execution.Indexes
	for outcome, indexes := range outcomes {
		if outcome.State == execution.Succeeded {
			sets = append(sets, indexes)
		}
	}
	return union(sets)
}

// outcomes parses the outcomes. No task has two of them.
func (p *parser) outcomes(list []v1alpha1.Outcome) map[execution.Outcome]execution.Indexes {
	outcomes := map[execution.Outcome]execution.Indexes{}
	seen := make([]bool, p.tasks)
	for _, o := range list {
		field := "account.outcomes"
		state, ok := stateOf(o.State)
		outcome := execution.Outcome{State: state, Reason: execution.Reason(o.Reason)}
		_, again := outcomes[outcome]
		switch {
		case !ok:
			p.problem(field, "%.32q: must be a final state", o.State)
		case reasonWord(outcome.Reason) != outcome.Reason:
			p.problem(field, "%.80q: must be a reason of letters and digits, at most %d", o.Reason, maxReason)
		case again:
			p.problem(field, "%s %s: must be there once", o.State, o.Reason)
		default:
			indexes := p.indexes(field, o.Indexes)
			for i := range indexes.All() {
				if seen[i] {
					p.problem(field, "index %d: has two outcomes", i)
					break
				}
				seen[i] = true
			}
			if indexes.Len() > 0 {
				outcomes[outcome] = indexes
			}
		}
	}
	return outcomes
}
