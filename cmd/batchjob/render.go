package batchjob

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
)

func (t *tool) renderCommand() *cobra.Command {
	var c selection
	cmd := &cobra.Command{
		Use:   "render --overlay NAME",
		Short: "Print what install would apply, as YAML",
		Example: `  ` + t.name + ` render --overlay demo
  ` + t.name + ` render --overlay demo --component persistence -n checks -f config.yaml -t pod-template.yaml`,
		Args: cobra.NoArgs,
		RunE: does(func(context.Context, []string) error {
			r, err := t.render(c)
			if err != nil {
				return err
			}
			// The output may be changed before it is applied, or applied to a foreign
			// namespace: therefore only a warning.
			if err := t.checkPods(r, r.namespaceLabels(nil), false); err != nil {
				fmt.Fprintln(t.ErrOut, "warning:", err)
			}
			text, err := objects.Encode(r.objects)
			if err != nil {
				return err
			}
			_, err = t.Out.Write(text)
			return err
		}),
	}
	c.bind(cmd)
	return cmd
}
