package steer

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/printing"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/resources"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

func pauseCommand(c *commander) *cobra.Command {
	return c.steering(steering{
		use: "pause EXECUTION", short: "Create no further Job of an execution",
		long: `Create no further Job of an execution. Pods that exist start and run on, and their
results count. The execution stays open, so that its schedule may skip ticks, until
you resume or cancel it. It is in effect once status.observedGeneration is the generation that
this command prints with -o jsonpath={.metadata.generation}.`,
		change: func() change[*v1alpha1.Execution] {
			return change[*v1alpha1.Execution]{
				done: "paused", before: "already paused", spec: map[string]any{"paused": true}, resource: resources.Executions,
				already: func(e *v1alpha1.Execution) bool { return e.Spec.Paused },
				refused: isOver("paused"),
			}
		},
		after: func(s *session, e *v1alpha1.Execution) string {
			return stillRunning(e, "go on") + "To resume: " + s.command("resume", e.Name) + "\n"
		},
		offers: func(e *v1alpha1.Execution) bool { return !progress.Over(e) && !e.Spec.Paused },
	})
}

func resumeCommand(c *commander) *cobra.Command {
	return c.steering(steering{
		use: "resume EXECUTION", short: "Let a paused execution create Jobs again",
		change: func() change[*v1alpha1.Execution] {
			return change[*v1alpha1.Execution]{
				done: "resumed", before: "not paused", spec: map[string]any{"paused": false}, resource: resources.Executions,
				already: func(e *v1alpha1.Execution) bool { return !e.Spec.Paused },
				refused: isOver("resumed"),
			}
		},
		offers: func(e *v1alpha1.Execution) bool { return !progress.Over(e) && e.Spec.Paused },
	})
}

func cancelCommand(c *commander) *cobra.Command {
	var stop bool
	cmd := c.steering(steering{
		use: "cancel EXECUTION", short: "End an execution early, with a report",
		long: `End an execution early. Nodes whose pod has not started become canceled. Pods that
run go on to their end; with --stop, they are stopped. Then the execution closes
with a report: to run on the nodes that were canceled, use rerun. It cannot be taken
back; to also stop the pods, run it again with --stop.`,
		change: func() change[*v1alpha1.Execution] {
			mode := v1alpha1.CancelDrain
			if stop {
				mode = v1alpha1.CancelStop
			}
			return change[*v1alpha1.Execution]{
				done: "canceled", before: "already canceled", spec: map[string]any{"cancel": mode}, resource: resources.Executions,
				already: func(e *v1alpha1.Execution) bool {
					return e.Spec.Cancel == mode || e.Spec.Cancel == v1alpha1.CancelStop || (progress.Over(e) && e.Spec.Cancel != "")
				},
				refused: isOver("canceled"),
			}
		},
		after: func(s *session, e *v1alpha1.Execution) string {
			if e.Spec.Cancel == v1alpha1.CancelStop {
				return ""
			}
			if running := stillRunning(e, "go on to their end"); running != "" {
				return running + "To stop them: " + s.command("cancel --stop", e.Name) + "\n"
			}
			return ""
		},
		offers: func(e *v1alpha1.Execution) bool { return !progress.Over(e) },
	})
	cmd.Flags().BoolVar(&stop, "stop", false, "also stop the pods that run")
	return cmd
}

// steering is a command that changes an execution.
type steering struct {
	use, short, long string
	change           func() change[*v1alpha1.Execution]
	after            func(*session, *v1alpha1.Execution) string // what to say; nil: nothing
	offers           func(*v1alpha1.Execution) bool             // for completion
}

func (c *commander) steering(how steering) *cobra.Command {
	cmd := &cobra.Command{
		Use: how.use, Short: how.short, Long: how.long, Args: cobra.ExactArgs(1),
		ValidArgsFunction: c.connect.CompleteExecutions(how.offers),
	}
	out := printing.NewOutput(cmd)
	cmd.RunE = c.does(out, func(ctx context.Context, s *session, args []string) error {
		get := func(ctx context.Context) (*v1alpha1.Execution, error) { return s.Execution(ctx, args[0]) }
		changed, done, err := how.change().make(ctx, get, patcherOf(s.API.Executions(s.Namespace)))
		if err != nil {
			return err
		}
		if err := out.PrintChanged(s.Out, s.now(), changed, done); err != nil {
			return err
		}
		if how.after != nil && !progress.Over(changed) {
			fmt.Fprint(s.ErrOut, how.after(s, changed))
		}
		return nil
	})
	return cmd
}

// isOver refuses to change an execution that is over.
func isOver(done string) func(*v1alpha1.Execution) error {
	return func(e *v1alpha1.Execution) error {
		switch e.Status.Phase {
		case v1alpha1.Closed:
			return fmt.Errorf("execution %s has closed: it cannot be %s", e.Name, done)
		case v1alpha1.Rejected:
			return fmt.Errorf("execution %s was rejected: it cannot be %s", e.Name, done)
		default:
			return nil
		}
	}
}

// stillRunning says what becomes of the pods that run.
func stillRunning(e *v1alpha1.Execution, what string) string {
	if running := progress.CountsOf(e).Running; running > 0 {
		return fmt.Sprintf("Pods of %s run, and %s.\n", progress.NodesText(int(running)), what)
	}
	return ""
}
