package watch

import (
	"github.com/spf13/cobra"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Commands returns the commands that show executions.
func Commands(t *cli.Tool) []*cobra.Command {
	return []*cobra.Command{waitCommand(t), statusCommand(t)}
}

// executionArgs accepts at most one execution ID, or latest.
func executionArgs(cmd *cobra.Command, args []string) error {
	if err := cobra.MaximumNArgs(1)(cmd, args); err != nil {
		return err
	}
	if len(args) == 0 || args[0] == latest {
		return nil
	}
	_, err := execution.ParseID(args[0])
	return err
}

const latest = "latest"

func chosenID(args []string) execution.ID {
	if len(args) == 0 || args[0] == latest {
		return ""
	}
	return execution.ID(args[0])
}

// exitStatusOf returns the exit status for an execution.
func exitStatusOf(e progress.Execution) error {
	if e.Unreadable != "" {
		return &cli.StatusError{Status: cli.ExitNotDone}
	}
	if len(e.Bad)+len(e.Stuck) > 0 {
		return &cli.StatusError{Status: cli.ExitProblems}
	}
	return nil
}
