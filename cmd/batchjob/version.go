package batchjob

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/version"
)

func versionCommand(out io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program",
		Args:  cobra.NoArgs,
		RunE: cli.Does(func(context.Context, []string) error {
			fmt.Fprintf(out, "kubectl-batchjob %s\n", version.Own())
			return nil
		}),
	}
}
