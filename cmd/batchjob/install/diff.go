package install

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
)

func diffCommand(t *cli.Tool) *cobra.Command {
	var s selection
	cmd := &cobra.Command{
		Use:   "diff --overlay NAME",
		Short: "Show what install would change; exit status 1 if there are differences",
		Long: `Show what install would change: each live object, compared with the result of a
dry run on the API server. The exit status is 1 if there are differences.`,
		Args: cobra.NoArgs,
		RunE: cli.Does(func(ctx context.Context, _ []string) error { return diff(ctx, t, s) }),
	}
	s.bind(cmd)
	return cmd
}

func diff(ctx context.Context, t *cli.Tool, s selection) error {
	r, c, err := prepare(ctx, t, s)
	if err != nil {
		return err
	}
	differences, err := c.Objects.Diff(ctx, r.namespace(), r.objects)
	if err != nil {
		return explainRejection(err)
	}
	for _, d := range differences {
		text, err := d.Unified()
		if err != nil {
			return err
		}
		fmt.Fprint(t.Out, text)
	}
	if len(differences) > 0 {
		return &cli.StatusError{Status: cli.ExitProblems}
	}
	return nil
}
