package watch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/ending"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/forward"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/pods"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/printing"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/resources"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
)

// listedExecutions is how many of the newest executions are listed.
const listedExecutions = 5

func statusCommand(t *cli.Tool, connect resources.Connector) *cobra.Command {
	var o statusOptions
	cmd := &cobra.Command{
		Use:   "status [NAME]",
		Short: "Show a controller and its executions; exit status 1 if nodes failed",
		Long: `Show the controller, its newest executions, and the nodes that failed in the
newest execution, or in the given one: by the name of the execution, its ID, or
latest. The name of a NodeCronJob limits it to its executions; without a name, the
newest execution of each counts. The exit status is 1 if nodes failed in it, were
lost, or did not send the expected result (unreported); else 4 if the controller is
not ready or the record of the execution cannot be read; else 6 if the given one was
canceled.

With -A or -o, and for users who may not read the controller, the executions are
shown as their objects have them.`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: connect.CompleteBoth(1, func(*v1alpha1.Execution) bool { return true }),
		RunE: cli.Does(func(ctx context.Context, args []string) error {
			o.name = strings.Join(args, "")
			return o.status(ctx, t)
		}),
	}
	o.output = printing.NewOutput(cmd)
	cmd.Flags().BoolVarP(&o.all, "all-namespaces", "A", false, "the newest execution of each NodeCronJob of all namespaces")
	return cmd
}

// statusOptions is the command line of status.
type statusOptions struct {
	name   string // of an execution or a definition; empty: none was given
	all    bool
	output *printing.Output
}

func (o *statusOptions) check() error {
	if err := o.output.Check(); err != nil {
		return cli.Misuse(err)
	}
	if o.name == "" {
		return nil
	}
	if o.all {
		return cli.Misuse(errors.New("-A: the executions of all namespaces are shown: omit the name"))
	}
	return checkName(o.name)
}

func (o *statusOptions) status(ctx context.Context, t *cli.Tool) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.all {
		client, err := resources.Connect(t)
		if err != nil {
			return err
		}
		client.Namespace = metav1.NamespaceAll
		return o.overview(ctx, t, client)
	}
	i, client, err := find(ctx, t)
	switch {
	case client == nil:
		return err
	case !o.output.IsDefault():
		return o.overview(ctx, t, client)
	case i == nil:
		fmt.Fprintf(t.Out, "namespace:  %s\ncontroller: unknown: you may not read it\n\n", client.Namespace)
		return o.overview(ctx, t, client)
	}
	ready, errShown := showInstallation(ctx, t.Out, i)
	if err := errors.Join(errShown, err); err != nil {
		return err
	}
	return o.show(ctx, t, i, ready)
}

// show prints the executions of a controller.
func (o *statusOptions) show(ctx context.Context, t *cli.Tool, i *cluster.Installation, ready bool) error {
	s, err := o.choose(ctx, i)
	if err != nil {
		return err
	}
	leader, err := leaderText(ctx, i, time.Now())
	if err != nil {
		return err
	}
	fmt.Fprintf(t.Out, "leader:     %s\n", leader)
	if err := showDefinitions(t.Out, i, s, time.Now()); err != nil {
		return err
	}
	if s.waiting != nil {
		fmt.Fprintf(t.Out, "\nexecution %s of nodecronjob %s: %s\n", s.waiting.Name, s.waiting.Spec.NodeCronJobName, progress.StatusText(s.waiting))
		return cmp.Or(ending.Status(s.waiting), notReady(ready))
	}
	executions, err := selectExecutions(ctx, i, s)
	if err != nil {
		return err
	}
	if len(executions) == 0 {
		fmt.Fprintf(t.Out, "\nNo execution yet. To wait for the first: %s wait -n %s\n", t.Name, i.Deployment.Namespace)
		return notReady(ready)
	}
	fmt.Fprint(t.Out, "\n"+executionsTable(executions, s.several, time.Now())+unreadableText(executions))
	shown := shownExecutions(executions, s)
	for n := range shown {
		if shown[n], err = pods.Explained(ctx, i, shown[n]); err != nil {
			return err
		}
	}
	fmt.Fprint(t.Out, shownText(t.Name, i, forward.Services(ctx, i), shown))
	if o.name != "" && len(shown) == 1 {
		return cmp.Or(exitStatusOf(shown[0]), notReady(ready))
	}
	return cmp.Or(exitStatusOfAll(shown), notReady(ready))
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
