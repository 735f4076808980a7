package install

import (
	"testing"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
)

// command runs a command line. An error is part of the error output.
func command(t *testing.T, input string, args ...string) (out, errOut string) {
	t.Helper()
	streams, in, stdout, stderr := genericiooptions.NewTestIOStreams()
	in.WriteString(input)
	root := &cobra.Command{SilenceUsage: true}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetArgs(args)
	root.AddCommand(Commands(cli.NewTool("kubectl batchjob", streams))...)
	_ = root.ExecuteContext(t.Context()) // which it prints
	return stdout.String(), stderr.String()
}
