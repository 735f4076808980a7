package batchjob

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/install"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/steer"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/watch"
)

// Run runs a command line and returns its exit status. name is the program's name
// in messages, such as kubectl batchjob.
func Run(ctx context.Context, name string, args []string, streams genericiooptions.IOStreams) int {
	root := newRoot(cli.NewTool(name, streams))
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var status *cli.StatusError
	switch {
	case err == nil:
		return cli.ExitOK
	case !errors.As(err, &status): // from the library: an unknown command or flag
		fmt.Fprintf(streams.ErrOut, "Error: %v\nSee %s --help.\n", err, name)
		return cli.ExitMisused
	case status.Err != nil:
		fmt.Fprintf(streams.ErrOut, "Error: %v\n", status.Err)
	}
	return status.Status
}

func newRoot(t *cli.Tool) *cobra.Command {
	root := &cobra.Command{
		Use:   "kubectl-batchjob",
		Short: "Install the batch-job-controller, run executions and follow them",
		Long: `Install the batch-job-controller, run executions and follow them.

To run a first execution:

  ` + t.Name + ` install --overlay demo
  ` + t.Name + ` wait
  ` + t.Name + ` status

` + cli.StatusesText,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: t.Name},
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(t.In)
	root.SetOut(t.Out)
	root.SetErr(t.ErrOut)
	t.Flags.AddFlags(root.PersistentFlags())
	root.AddCommand(install.Commands(t)...)
	root.AddCommand(watch.Commands(t)...)
	root.AddCommand(steer.Commands(t)...)
	root.AddCommand(validateCommand(t.IOStreams), versionCommand(t.Out))
	return root
}
