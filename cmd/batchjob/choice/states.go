package choice

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// finalStates returns the states by which nodes can be chosen, in the order in which they
// are shown.
func finalStates() []v1alpha1.FinalState {
	return []v1alpha1.FinalState{v1alpha1.Failed, v1alpha1.Lost, v1alpha1.Unreported, v1alpha1.Canceled, v1alpha1.Skipped, v1alpha1.Succeeded}
}

// DefaultStates returns those that need attention, or were never reached.
func DefaultStates() []string {
	return []string{string(v1alpha1.Failed), string(v1alpha1.Lost), string(v1alpha1.Unreported), string(v1alpha1.Canceled)}
}

// CompleteStates completes the last of some states.
func CompleteStates(_ *cobra.Command, _ []string, toComplete string) ([]string, cobra.ShellCompDirective) {
	before := toComplete[:strings.LastIndex(toComplete, ",")+1]
	var names []string
	for _, state := range finalStates() {
		names = append(names, before+string(state))
	}
	return names, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

// ParseStates returns states by their names, in any case. Errors name the flag --states.
func ParseStates(names []string) ([]v1alpha1.FinalState, error) {
	var chosen []v1alpha1.FinalState
	for _, name := range names {
		at := slices.IndexFunc(finalStates(), func(s v1alpha1.FinalState) bool { return strings.EqualFold(string(s), strings.TrimSpace(name)) })
		if at < 0 {
			return nil, fmt.Errorf("--states: %q: must be some of %s", name, strings.Join(namesOf(finalStates()), ", "))
		}
		chosen = append(chosen, finalStates()[at])
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("--states: must be some of %s", strings.Join(namesOf(finalStates()), ", "))
	}
	// In one order, so that the same request is the same object.
	return slices.DeleteFunc(finalStates(), func(s v1alpha1.FinalState) bool { return !slices.Contains(chosen, s) }), nil
}

func namesOf(states []v1alpha1.FinalState) []string {
	names := make([]string, 0, len(states))
	for _, s := range states {
		names = append(names, string(s))
	}
	return names
}
