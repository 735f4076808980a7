package batchjob

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func (t *tool) diffCommand() *cobra.Command {
	var c selection
	cmd := &cobra.Command{
		Use:   "diff --overlay NAME",
		Short: "Show what install would change; exit status 1 if there are differences",
		Long: `Show what install would change: each live object, compared with the result of a
dry run on the API server. The exit status is 1 if there are differences.`,
		Args: cobra.NoArgs,
		RunE: does(func(ctx context.Context, _ []string) error { return t.diff(ctx, c) }),
	}
	c.bind(cmd)
	return cmd
}

func (t *tool) diff(ctx context.Context, c selection) error {
	r, err := t.render(c)
	if err != nil {
		return err
	}
	cluster, err := t.connect()
	if err != nil {
		return err
	}
	if err := t.checkPodSecurity(ctx, cluster, r); err != nil {
		return err
	}
	differences, err := cluster.objects.Diff(ctx, r.namespace(), r.objects)
	if err != nil {
		return t.explainRejection(err)
	}
	for _, d := range differences {
		text, err := d.Unified()
		if err != nil {
			return err
		}
		fmt.Fprint(t.Out, text)
	}
	if len(differences) > 0 {
		return &statusError{exitProblems, nil}
	}
	return nil
}
