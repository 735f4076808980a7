package watch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// shownExecutions is how many of the newest executions are listed.
const shownExecutions = 5

func statusCommand(t *cli.Tool) *cobra.Command {
	return &cobra.Command{
		Use:   "status [EXECUTION]",
		Short: "Show a controller and its executions; exit status 1 if nodes failed",
		Long: `Show the controller, its newest executions, and the nodes that failed in the
newest execution, or in the given one. The exit status is 1 if nodes failed in it,
were lost, or did not send the expected result (unreported); else 4 if the
controller is not ready or the record of the execution cannot be read.`,
		Args: executionArgs,
		RunE: cli.Does(func(ctx context.Context, args []string) error { return status(ctx, t, chosenID(args)) }),
	}
}

func status(ctx context.Context, t *cli.Tool, id execution.ID) error {
	i, err := cluster.Find(ctx, t)
	var problems config.Problems
	if err != nil && !errors.As(err, &problems) {
		return err
	}
	ready, errShown := showInstallation(ctx, t.Out, i)
	if err := errors.Join(errShown, err); err != nil {
		return err
	}
	leader, err := leaderText(ctx, i, time.Now())
	if err != nil {
		return err
	}
	fmt.Fprintf(t.Out, "leader:     %s\n", leader)
	fmt.Fprintf(t.Out, "schedule:   %s\n", scheduleText(i.Config, i.LastTick, time.Now()))
	executions, err := selectExecutions(ctx, i, id)
	if err != nil {
		return err
	}
	if len(executions) == 0 {
		fmt.Fprintf(t.Out, "\nNo execution yet. To wait for the first: %s wait -n %s\n", t.Name, i.Deployment.Namespace)
		return notReady(ready)
	}
	fmt.Fprint(t.Out, "\n"+executionsTable(executions, time.Now())+unreadableText(executions))
	shown, err := explained(ctx, i, shownExecution(executions, id))
	if err != nil {
		return err
	}
	fmt.Fprint(t.Out, nodesTable(shown), afterExecution(t.Name, i, servicesOf(ctx, i), shown))
	return cmp.Or(exitStatusOf(shown), notReady(ready))
}

// selectExecutions returns the newest executions, or the given one if it is older,
// with the progress of open ones.
func selectExecutions(ctx context.Context, i *cluster.Installation, id execution.ID) ([]progress.Execution, error) {
	records, err := i.Records(ctx)
	if err != nil {
		return nil, err
	}
	isAsked := func(r cluster.RecordName) bool { return r.ID == id }
	shown := newestOf(records)
	if id != "" && !slices.ContainsFunc(shown, isAsked) {
		shown = slices.DeleteFunc(records, func(r cluster.RecordName) bool { return !isAsked(r) })
	}
	executions, err := i.Executions(ctx, shown...)
	if err != nil {
		return nil, err
	}
	if id != "" && !slices.ContainsFunc(executions, func(e progress.Execution) bool { return e.ID == id }) {
		return nil, i.NoRecord(i.Record(id))
	}
	o := podPoller{Installation: i}
	for n, e := range executions {
		if !e.Closed() && e.Unreadable == "" {
			if executions[n], err = o.poll(ctx, e, time.Now()); err != nil {
				return nil, err
			}
		}
	}
	return executions, nil
}

// newestOf returns the newest records, and the first of those whose label is not an
// ID, which may be as new.
func newestOf(records []cluster.RecordName) []cluster.RecordName {
	odd := 0
	for odd < len(records) && records[odd].ID == "" {
		odd++
	}
	named := records[odd:]
	return slices.Concat(records[:min(odd, shownExecutions)], named[max(0, len(named)-shownExecutions):])
}

// shownExecution returns the given execution, or the newest.
func shownExecution(executions []progress.Execution, id execution.ID) progress.Execution {
	if at := slices.IndexFunc(executions, func(e progress.Execution) bool { return id != "" && e.ID == id }); at >= 0 {
		return executions[at]
	}
	return executions[len(executions)-1]
}

// showInstallation prints the controller's state, and why it is not ready.
func showInstallation(ctx context.Context, out io.Writer, i *cluster.Installation) (ready bool, err error) {
	d := i.Deployment
	rollout, err := i.Rollout(ctx, d)
	if err != nil {
		return false, err
	}
	inventory, err := i.Objects.ReadInventory(ctx, d.Namespace)
	if err != nil {
		return false, err
	}
	fmt.Fprintf(out, "namespace:  %s\ncontroller: %s, image %s\n", d.Namespace, rollout.Line, imageOf(d.Spec.Template.Spec))
	for _, why := range rollout.Why {
		fmt.Fprintf(out, "            %s\n", why)
	}
	fmt.Fprintf(out, "installed:  %s\n", inventoryText(inventory))
	return rollout.Done, nil
}

// notReady returns the exit status of a controller that is not ready.
func notReady(ready bool) error {
	if ready {
		return nil
	}
	return &cli.StatusError{Status: cli.ExitNotDone}
}

// imageOf returns the image of a controller.
func imageOf(pod corev1.PodSpec) string {
	if len(pod.Containers) == 0 {
		return ""
	}
	return pod.Containers[0].Image
}

func inventoryText(i *objects.Inventory) string {
	if i == nil {
		return "by other means"
	}
	text := "overlay " + i.Overlay
	if len(i.Components) > 0 {
		text += " with " + strings.Join(i.Components, ", ")
	}
	return text + ", by version " + i.Version
}

func scheduleText(cfg config.Config, last, now time.Time) string {
	return fmt.Sprintf("%s (%s), next at %s", cfg.CronExpression, cfg.TimeZone, cluster.NextTick(cfg, last, now))
}
