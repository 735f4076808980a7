package install

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
)

// Commands returns the commands that install a controller, or show what install does.
func Commands(t *cli.Tool) []*cobra.Command {
	return []*cobra.Command{renderCommand(t), installCommand(t), diffCommand(t), uninstallCommand(t)}
}

// prepare renders a selection, connects to the cluster, and checks that the namespace
// allows the job pods.
func prepare(ctx context.Context, t *cli.Tool, s selection) (rendered, *cluster.Cluster, error) {
	r, err := render(t, s)
	if err != nil {
		return r, nil, err
	}
	c, err := cluster.Connect(t.Flags)
	if err != nil {
		return r, nil, err
	}
	return r, c, checkPodSecurity(ctx, c.Objects, r, t.Name)
}

// report prints a change of an object.
func report(out io.Writer, r objects.Reference, change objects.Change) {
	fmt.Fprintf(out, "%s %s\n", r, change)
}
