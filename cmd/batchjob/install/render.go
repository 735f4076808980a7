package install

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
)

func renderCommand(t *cli.Tool) *cobra.Command {
	var s selection
	cmd := &cobra.Command{
		Use:   "render --overlay NAME",
		Short: "Print what install would apply, as YAML",
		Example: `  ` + t.Name + ` render --overlay demo
  ` + t.Name + ` render --overlay demo --component persistence -n checks -f config.yaml -t pod-template.yaml`,
		Args: cobra.NoArgs,
		RunE: cli.Does(func(context.Context, []string) error {
			r, err := render(t, s)
			if err != nil {
				return err
			}
			// The output may be changed before it is applied, or applied to a foreign
			// namespace: therefore only a warning.
			if err := checkPods(r, r.namespaceLabels(nil), false, t.Name); err != nil {
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
	s.bind(cmd)
	return cmd
}
