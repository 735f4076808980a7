package steer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/choice"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

func rerunCommand(c *commander) *cobra.Command {
	var states []string
	var yes bool
	cmd := &cobra.Command{
		Use:   "rerun [EXECUTION]",
		Short: "Run again on the nodes that were bad in an execution",
		Long: `Run again on the nodes of an execution that failed, were lost, did not report, or
were never reached because the execution was canceled. Without an argument, it is
the newest closed execution. On a terminal, the command shows how many nodes these
are, and which, and asks; with -o wide, it names all of them, with the reasons. A
rerun is an execution of its own: it can be rerun, too.`,
		Example: `  ` + c.Name + ` rerun
  ` + c.Name + ` rerun disk-check-20261128034200 --states failed,skipped --yes --wait`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: c.connect.CompleteExecutions(func(e *v1alpha1.Execution) bool { return e.Status.Phase == v1alpha1.Closed }),
	}
	b := newBeginning(cmd)
	cmd.Flags().StringSliceVar(&states, "states", choice.DefaultStates(), "states of the nodes, separated by commas")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cli.Must(cmd.RegisterFlagCompletionFunc("states", choice.CompleteStates))
	cmd.RunE = c.does(b.output, func(ctx context.Context, s *session, args []string) error {
		chosen, err := choice.ParseStates(states)
		if err := errors.Join(err, b.check()); err != nil {
			return cli.Misuse(err)
		}
		from, err := s.rerunnable(ctx, args)
		if err != nil {
			return err
		}
		nodes := choice.Of(ctx, s.Client, from, chosen)
		fmt.Fprint(s.ErrOut, nodes.Text(from, b.output.IsWide()))
		if nodes.Total == 0 {
			return nil
		}
		d, err := s.definitionToRun(ctx, from.Spec.NodeCronJobName)
		if err != nil {
			return err
		}
		if s.asks && !yes && b.dryRun != dryRunServer && !confirm(s.Tool, fmt.Sprintf("Run again on %s? [y/N] ", progress.NodesText(nodes.Total))) {
			fmt.Fprintln(s.ErrOut, "No execution was created.")
			return nil
		}
		return b.begin(ctx, s, d, &v1alpha1.ExecutionNodes{FromExecution: &v1alpha1.FromExecution{Name: from.Name, States: chosen}})
	})
	return cmd
}

// rerunnable returns the execution that the arguments choose. It has closed.
func (s *session) rerunnable(ctx context.Context, args []string) (*v1alpha1.Execution, error) {
	if len(args) == 0 {
		return s.newestClosed(ctx)
	}
	e, err := s.Execution(ctx, args[0])
	switch {
	case err != nil:
		return nil, err
	case e.Status.Phase == v1alpha1.Rejected:
		return nil, cli.Conflict(fmt.Errorf("execution %s was rejected, and ran on no node: %s", e.Name, progress.RejectionText(e)))
	case e.Status.Phase != v1alpha1.Closed:
		return nil, cli.Conflict(fmt.Errorf("execution %s has not closed: it is %s", e.Name, strings.ToLower(string(progress.PhaseOf(e)))))
	}
	return e, nil
}

// newestClosed returns the newest closed execution, if it is clear of which definition.
func (s *session) newestClosed(ctx context.Context) (*v1alpha1.Execution, error) {
	all, _, err := s.Executions(ctx, s.Namespace)
	if err != nil {
		return nil, err
	}
	var newest *v1alpha1.Execution
	byDefinition := map[string]string{}
	for i := range all {
		e := &all[i]
		if e.Status.Phase != v1alpha1.Closed {
			continue
		}
		if newest == nil {
			newest = e
		}
		if byDefinition[e.Spec.NodeCronJobName] == "" {
			byDefinition[e.Spec.NodeCronJobName] = e.Name
		}
	}
	switch {
	case newest == nil:
		return nil, fmt.Errorf("no execution in namespace %s has closed", s.Namespace)
	case len(byDefinition) > 1:
		return nil, cli.Misuse(fmt.Errorf("%d NodeCronJobs in namespace %s have closed executions: choose one: %s",
			len(byDefinition), s.Namespace, cli.JoinNames(slices.Sorted(maps.Values(byDefinition)))))
	}
	return newest, nil
}

// confirm asks a question, and reports whether the answer is yes.
func confirm(t *cli.Tool, question string) bool {
	fmt.Fprint(t.ErrOut, question)
	answer, err := bufio.NewReader(t.In).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}
