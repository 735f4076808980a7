package batchjob

import (
	"github.com/spf13/cobra"

	"github.com/batch-job-controller/batch-job-controller/cmd/validate"
)

// validateCommand is the subcommand of the server, for those who have this
// program alone. It reads its own flags, and needs no cluster.
func (t *tool) validateCommand() *cobra.Command {
	return &cobra.Command{
		Use:                "validate -f config.yaml -t pod-template.yaml",
		Short:              "Check a configuration before it is deployed, and see when it fires",
		DisableFlagParsing: true,
		RunE: func(_ *cobra.Command, args []string) error {
			if status := validate.Run(args, t.In, t.Out, t.ErrOut); status != exitOK {
				return &statusError{status: status}
			}
			return nil
		},
	}
}
