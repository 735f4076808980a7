package batchjob

import (
	"github.com/spf13/cobra"

	"github.com/batch-job-controller/batch-job-controller/cmd/validate"
)

// validateCommand is the server's subcommand, for users who have only this program.
// It parses its own flags, and needs no cluster.
func (t *tool) validateCommand() *cobra.Command {
	return &cobra.Command{
		Use:                "validate -f config.yaml -t pod-template.yaml",
		Short:              "Check a configuration before you deploy it, and show its next executions",
		DisableFlagParsing: true,
		RunE: func(_ *cobra.Command, args []string) error {
			if status := validate.Run(args, t.In, t.Out, t.ErrOut); status != exitOK {
				return &statusError{status: status}
			}
			return nil
		},
	}
}
