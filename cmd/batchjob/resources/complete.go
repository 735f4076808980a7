package resources

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// completionTimeout is how long a shell waits for names.
const completionTimeout = 2 * time.Second

// Connector connects to the cluster when a command runs, or when a shell completes its
// names. It sends nothing.
type Connector func() (*Client, error)

// CompleteDefinitions completes the name of a definition that is offered.
func (c Connector) CompleteDefinitions(offers func(*v1alpha1.NodeCronJob) bool) cobra.CompletionFunc {
	return c.complete(func(ctx context.Context, s *Client) (names []string, err error) {
		found, _, err := s.Definitions(ctx, s.Namespace)
		for i := range found {
			if offers == nil || offers(&found[i]) {
				names = append(names, cobra.CompletionWithDesc(found[i].Name, found[i].Spec.CronExpression))
			}
		}
		return names, err
	})
}

// CompleteExecutions completes the name of an execution that is offered.
func (c Connector) CompleteExecutions(offers func(*v1alpha1.Execution) bool) cobra.CompletionFunc {
	return c.complete(func(ctx context.Context, s *Client) (names []string, err error) {
		found, _, err := s.Executions(ctx, s.Namespace)
		for i := range found {
			if offers(&found[i]) {
				names = append(names, cobra.CompletionWithDesc(found[i].Name, fmt.Sprintf("%s, %d bad", progress.PhaseOf(&found[i]), progress.CountsOf(&found[i]).Bad)))
			}
		}
		return names, err
	})
}

// CompleteBoth completes the names of executions that are offered, and of definitions, as
// often as they may occur.
func (c Connector) CompleteBoth(most int, offers func(*v1alpha1.Execution) bool) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		executions, directive := c.CompleteExecutions(offers)(cmd, nil, toComplete)
		definitions, _ := c.CompleteDefinitions(nil)(cmd, nil, toComplete)
		return append(definitions, executions...), directive
	}
}

// complete completes the only argument of a command.
func (c Connector) complete(find func(context.Context, *Client) ([]string, error)) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return c.names(cmd.Context(), toComplete, find)
	}
}

// CompleteNodes completes the last of some nodes.
func (c Connector) CompleteNodes(cmd *cobra.Command, _ []string, toComplete string) ([]string, cobra.ShellCompDirective) {
	before := toComplete[:strings.LastIndex(toComplete, ",")+1]
	return c.names(cmd.Context(), toComplete, func(ctx context.Context, s *Client) (names []string, err error) {
		found, err := s.Kube.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, err
		}
		for i := range found.Items {
			names = append(names, before+found.Items[i].Name)
		}
		return names, nil
	})
}

// names returns the names that begin with a text. Without a cluster there are none.
func (c Connector) names(ctx context.Context, toComplete string, find func(context.Context, *Client) ([]string, error)) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(ctx, completionTimeout)
	defer cancel()
	s, err := c()
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
