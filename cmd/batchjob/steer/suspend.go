package steer

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/printing"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/resources"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

func suspendCommand(c *commander) *cobra.Command {
	return c.suspending(true, &cobra.Command{
		Use: "suspend NAME", Short: "Skip the ticks of a NodeCronJob",
		Long: `Skip the ticks of a NodeCronJob until you unsuspend it. An execution that is open
goes on: to hold it back, use pause. You can still run it by hand.`,
	})
}

func unsuspendCommand(c *commander) *cobra.Command {
	return c.suspending(false, &cobra.Command{
		Use: "unsuspend NAME", Short: "Let a NodeCronJob follow its schedule again",
		Long: `Let a NodeCronJob follow its schedule again, from its next tick on. Ticks that were
skipped are not made up for.`,
	})
}

// suspending makes the command that sets or unsets spec.suspend.
func (c *commander) suspending(suspend bool, cmd *cobra.Command) *cobra.Command {
	wanted := change[*v1alpha1.NodeCronJob]{
		done: "suspended", before: "already suspended", spec: map[string]any{"suspend": suspend}, resource: resources.Definitions,
		already: func(d *v1alpha1.NodeCronJob) bool { return d.Spec.Suspend == suspend },
	}
	if !suspend {
		wanted.done, wanted.before = "unsuspended", "not suspended"
	}
	cmd.Args = cobra.ExactArgs(1)
	cmd.ValidArgsFunction = c.connect.CompleteDefinitions(func(d *v1alpha1.NodeCronJob) bool { return d.Spec.Suspend != suspend })
	out := printing.NewOutput(cmd)
	cmd.RunE = c.does(out, func(ctx context.Context, s *session, args []string) error {
		get := func(ctx context.Context) (*v1alpha1.NodeCronJob, error) { return s.Definition(ctx, args[0]) }
		changed, done, err := wanted.make(ctx, get, patcherOf(s.API.NodeCronJobs(s.Namespace)))
		if err != nil {
			return err
		}
		return out.PrintChanged(s.Out, s.now(), changed, done)
	})
	return cmd
}
