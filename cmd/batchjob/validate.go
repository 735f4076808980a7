package batchjob

import (
	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/validate"
)

// validateCommand is the server's subcommand, for users who have only this program.
// It parses its own flags, and needs no cluster.
func validateCommand(streams genericiooptions.IOStreams) *cobra.Command {
	return &cobra.Command{
		Use:                "validate -f config.yaml -t pod-template.yaml",
		Short:              "Check a configuration before you deploy it, and show its next executions",
		DisableFlagParsing: true,
		RunE: func(_ *cobra.Command, args []string) error {
			if status := validate.Run(args, streams.In, streams.Out, streams.ErrOut); status != cli.ExitOK {
				return &cli.StatusError{Status: status}
			}
			return nil
		},
	}
}
