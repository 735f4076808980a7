package watch

import (
	"errors"
	"testing"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// The exit status of wait, and of status for the execution that is named.
func TestExitStatus(t *testing.T) {
	bad := []progress.Node{{Name: "worker-1"}}
	canceled := execution.Counts{execution.Canceled: 1}
	tests := map[string]struct {
		execution progress.Execution
		want      int
	}{
		"all nodes are good":              {progress.Execution{Phase: execution.Closed}, cli.ExitOK},
		"a node is bad":                   {progress.Execution{Phase: execution.Closed, Bad: bad}, cli.ExitProblems},
		"a pod does not start":            {progress.Execution{Phase: execution.Open, Stuck: bad}, cli.ExitProblems},
		"it was canceled":                 {progress.Execution{Phase: execution.Closed, Counts: canceled}, cli.ExitCanceled},
		"it was canceled, and one is bad": {progress.Execution{Phase: execution.Closed, Counts: canceled, Bad: bad}, cli.ExitProblems},
		"it is being canceled":            {progress.Execution{Phase: execution.Open, Counts: canceled}, cli.ExitOK},
		"its record cannot be read":       {progress.Execution{Phase: progress.UnreadablePhase, Unreadable: "damaged"}, cli.ExitNotDone},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := cli.ExitOK
			var status *cli.StatusError
			if errors.As(exitStatusOf(test.execution), &status) {
				got = status.Status
			}
			if got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}
