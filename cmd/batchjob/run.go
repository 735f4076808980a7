package batchjob

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// The exit statuses.
const (
	exitOK       = 0
	exitProblems = 1 // there are differences, nodes need attention, or validate found problems
	exitMisused  = 2 // the command line or the configuration is invalid: nothing was sent
	exitTimeout  = 3 // the timeout expired
	exitNotDone  = 4 // the cluster did not respond or rejected a request, or the controller is not ready
	statusesText = `Exit status:
  0  success
  1  diff: there are differences; wait, status: nodes failed, were lost, did not
     start, or sent no result; validate: the configuration is invalid
  2  the command line or the configuration is invalid; nothing was sent
  3  timed out (--timeout)
  4  the cluster does not respond, or rejects a request; the controller is not ready`
)

// statusError ends the program with an exit status.
type statusError struct {
	status int
	err    error // nil: everything has been printed
}

func (e *statusError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e *statusError) Unwrap() error { return e.err }

func misuse(err error) error { return &statusError{exitMisused, err} }

// Run runs a command line and returns its exit status. name is the program's name
// in messages, such as kubectl batchjob.
func Run(ctx context.Context, name string, args []string, streams genericiooptions.IOStreams) int {
	root := newRoot(name, streams)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var status *statusError
	switch {
	case err == nil:
		return exitOK
	case !errors.As(err, &status): // from the library: an unknown command or flag
		fmt.Fprintf(streams.ErrOut, "Error: %v\nSee %s --help.\n", err, name)
		return exitMisused
	case status.err != nil:
		fmt.Fprintf(streams.ErrOut, "Error: %v\n", status.err)
	}
	return status.status
}

func newRoot(name string, streams genericiooptions.IOStreams) *cobra.Command {
	t := &tool{IOStreams: streams, name: name, flags: genericclioptions.NewConfigFlags(true).WithWarningPrinter(streams)}
	root := &cobra.Command{
		Use:   "kubectl-batchjob",
		Short: "Install the batch-job-controller and follow its executions",
		Long: `Install the batch-job-controller and follow its executions.

To run a first execution:

  ` + name + ` install --overlay demo
  ` + name + ` wait
  ` + name + ` status

` + statusesText,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: name},
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	t.flags.AddFlags(root.PersistentFlags())
	root.AddCommand(t.renderCommand(), t.installCommand(), t.diffCommand(), t.uninstallCommand(),
		t.validateCommand(), t.waitCommand(), t.statusCommand(), t.versionCommand())
	return root
}

// does adapts a command for cobra. An error without an exit status comes from the
// cluster.
func does(do func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		err := do(cmd.Context(), args)
		var status *statusError
		if err != nil && !errors.As(err, &status) {
			return &statusError{exitNotDone, err}
		}
		return err
	}
}
