package watch

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/resources"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// Commands returns the commands that show executions.
func Commands(t *cli.Tool) []*cobra.Command {
	connect := resources.Connector(func() (*resources.Client, error) { return resources.Connect(t) })
	return []*cobra.Command{waitCommand(t, connect), statusCommand(t, connect)}
}

// checkName accepts what may be the name of an object, an execution ID, or latest.
func checkName(name string) error {
	if problems := validation.IsDNS1123Subdomain(name); len(problems) > 0 {
		return cli.Misuse(fmt.Errorf("%q: must be the name of an execution or a NodeCronJob, an execution ID such as 20060102150405, or latest", name))
	}
	return nil
}

// isID reports whether a name is an execution ID.
func isID(name string) bool {
	_, err := execution.ParseID(name)
	return err == nil
}

// find returns the controller that the command line chooses, and a client of its namespace.
// If the user may not read controllers, there is only the client, of the kubeconfig's
// namespace.
func find(ctx context.Context, t *cli.Tool) (*cluster.Installation, *resources.Client, error) {
	i, err := cluster.Find(ctx, t)
	var problems config.Problems
	switch {
	case apierrors.IsForbidden(err):
		client, err := resources.Connect(t)
		if err != nil {
			return nil, nil, err
		}
		return nil, client, nil
	case err != nil && !errors.As(err, &problems):
		return nil, nil, err
	default:
		return i, clientOf(i), err
	}
}

// clientOf returns a client of the controller's namespace.
func clientOf(i *cluster.Installation) *resources.Client {
	return &resources.Client{Namespace: i.Namespace, API: i.Resources, Kube: i.Interface}
}

// exitStatusOf returns the exit status for an execution that is waited for, or named.
func exitStatusOf(e progress.Execution) error {
	switch {
	case e.Unreadable != "":
		return &cli.StatusError{Status: cli.ExitNotDone}
	case len(e.Bad)+len(e.Stuck) > 0:
		return &cli.StatusError{Status: cli.ExitProblems}
	case e.Closed() && e.Counts[execution.Canceled] > 0:
		return &cli.StatusError{Status: cli.ExitCanceled}
	default:
		return nil
	}
}
