package install

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
)

// Commands returns the commands that install a controller, or show what install does.
func Commands(t *cli.Tool) []*cobra.Command {
	return []*cobra.Command{renderCommand(t), installCommand(t), diffCommand(t), uninstallCommand(t)}
}

// report prints a change of an object.
func report(out io.Writer, r objects.Reference, change objects.Change) {
	fmt.Fprintf(out, "%s %s\n", r, change)
}
