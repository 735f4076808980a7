package steer

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// completionTimeout is how long a shell waits for names.
const completionTimeout = 5 * time.Second

type completion = func(cmd *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective)

// completeDefinitions completes the name of a definition that is offered.
func (c *commander) completeDefinitions(offers func(*v1alpha1.NodeCronJob) bool) completion {
	return c.complete(func(ctx context.Context, s *session) (names []string, err error) {
		found, _, err := s.definitions(ctx, s.namespace)
		for i := range found {
			if offers == nil || offers(&found[i]) {
				names = append(names, cobra.CompletionWithDesc(found[i].Name, found[i].Spec.CronExpression))
			}
		}
		return names, err
	})
}

// completeExecutions completes the name of an execution that is offered.
func (c *commander) completeExecutions(offers func(*v1alpha1.Execution) bool) completion {
	return c.complete(func(ctx context.Context, s *session) (names []string, err error) {
		found, _, err := s.executions(ctx, s.namespace)
		for i := range found {
			if offers(&found[i]) {
				names = append(names, cobra.CompletionWithDesc(found[i].Name, fmt.Sprintf("%s, %d bad", phaseOf(&found[i]), countsOf(&found[i]).Bad)))
			}
		}
		return names, err
	})
}

// complete completes the only argument of a command.
func (c *commander) complete(find func(context.Context, *session) ([]string, error)) completion {
	return func(cmd *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return c.names(cmd.Context(), toComplete, find)
	}
}

// completeNodes completes the last of some nodes.
func (c *commander) completeNodes(cmd *cobra.Command, _ []string, toComplete string) ([]string, cobra.ShellCompDirective) {
	before := toComplete[:strings.LastIndex(toComplete, ",")+1]
	return c.names(cmd.Context(), toComplete, func(ctx context.Context, s *session) (names []string, err error) {
		found, err := s.kube.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, err
		}
		for i := range found.Items {
			names = append(names, before+found.Items[i].Name)
		}
		return names, nil
	})
}

// completeStates completes the last of some states.
func completeStates(_ *cobra.Command, _ []string, toComplete string) ([]string, cobra.ShellCompDirective) {
	before := toComplete[:strings.LastIndex(toComplete, ",")+1]
	var names []string
	for _, state := range finalStates() {
		names = append(names, before+string(state))
	}
	return names, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

// names returns the names that begin with a text. Without a cluster there are none.
func (c *commander) names(ctx context.Context, toComplete string, find func(context.Context, *session) ([]string, error)) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(ctx, completionTimeout)
	defer cancel()
	s, err := c.connect(c.Tool)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	found, err := find(ctx, s)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, name := range found {
		if strings.HasPrefix(name, toComplete) {
			names = append(names, name)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}
