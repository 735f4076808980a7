package batchjob

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/batch-job-controller/batch-job-controller/cmd/version"
)

func (t *tool) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program",
		Args:  cobra.NoArgs,
		RunE: does(func(context.Context, []string) error {
			fmt.Fprintf(t.Out, "kubectl-batchjob %s\n", version.Own())
			return nil
		}),
	}
}
