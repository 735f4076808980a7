package watch

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/resources"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// definition is when the executions of a definition start.
type definition struct {
	config.Config // of which only the name and the schedule are known
	lastTick      time.Time
	isNodeCronJob bool // and not only in the ConfigMap
}

// definitionOf returns what the spec and the status of a NodeCronJob say.
func definitionOf(n *v1alpha1.NodeCronJob) definition {
	d := definition{isNodeCronJob: true, Config: config.Config{
		Controller: config.Controller{Name: n.Name},
		Definition: config.Definition{CronExpression: n.Spec.CronExpression, TimeZone: n.Spec.TimeZone, RunOnStartup: n.Spec.RunOnStartup && !n.Spec.Suspend},
	}}
	if n.Spec.StartupDelay != nil {
		d.StartupDelay = n.Spec.StartupDelay.Duration.Duration
	}
	if at := n.Status.LastScheduleTime; at != nil {
		d.lastTick = at.Time
	}
	return d
}

// definitionsOf returns the definitions of a controller.
func definitionsOf(i *cluster.Installation, nodeCronJobs []v1alpha1.NodeCronJob) (all []definition) {
	if i.HasOwn(nodeCronJobs) {
		all = append(all, definition{Config: i.Config, lastTick: i.LastTick})
	}
	for n := range nodeCronJobs {
		d := definitionOf(&nodeCronJobs[n])
		if i.Config.HasDefinition && isCopy(&nodeCronJobs[n]) && d.Name == i.Config.Name {
			d.CronExpression, d.TimeZone = i.Config.CronExpression, i.Config.TimeZone
			d.RunOnStartup, d.StartupDelay = i.Config.RunOnStartup && !nodeCronJobs[n].Spec.Suspend, i.Config.StartupDelay
		}
		all = append(all, d)
	}
	return all
}

// isCopy reports whether a controller writes a NodeCronJob from its ConfigMap, which it may not have
// followed yet.
func isCopy(n *v1alpha1.NodeCronJob) bool {
	return strings.HasPrefix(n.Annotations[jobspec.SourceAnnotation], jobspec.SourceConfigMap)
}

// addDefinitions adds the executions of all definitions that have run, or are about to.
func (f *following) addDefinitions(ctx context.Context, i *cluster.Installation) error {
	if i == nil {
		return cli.Misuse(fmt.Errorf("you may not read the controller in namespace %s: name an execution or a NodeCronJob to wait for", f.client.Namespace))
	}
	definitions, err := i.Definitions(ctx)
	if err != nil {
		return err
	}
	start, err := i.Started(ctx)
	if err != nil {
		return err
	}
	all, _, err := f.client.Executions(ctx, f.client.Namespace)
	if err != nil {
		return err
	}
	for _, d := range definitionsOf(i, definitions) {
		current := resources.Current(all, d.Name)
		switch {
		case d.isExpected(current, start, time.Now()):
			f.targets = append(f.targets, f.startup(i, d))
		case current != nil:
			f.add(current)
		default:
			fmt.Fprintf(f.ErrOut, "nodecronjob %s has had no execution yet\n", d.Name)
		}
	}
	if len(f.targets) == 0 {
		return &cli.StatusError{Status: cli.ExitTimeout, Err: fmt.Errorf("no execution to wait for: name the NodeCronJob whose first one it is")}
	}
	return nil
}

// isExpected reports whether runOnStartup is about to start an execution. While another one
// is open, it starts none.
func (d definition) isExpected(current *v1alpha1.Execution, start, now time.Time) bool {
	if !d.RunOnStartup || (current != nil && !progress.Over(current)) {
		return false
	}
	if start.IsZero() {
		return true
	}
	begun := current != nil && progress.IDOf(current) >= execution.NewID(start)
	return !begun && !now.After(start.Add(d.StartupDelay+startupSlack))
}

// startup is the execution that runOnStartup is about to start; if it starts none, the newest.
func (f *following) startup(i *cluster.Installation, d definition) *target {
	return &target{printer: cli.NewDedupPrinter(f.ErrOut), next: func(ctx context.Context) (*v1alpha1.Execution, string, error) {
		start, err := i.Started(ctx)
		if err != nil {
			return nil, "", err
		}
		all, _, err := f.client.Executions(ctx, f.client.Namespace)
		if err != nil {
			return nil, "", err
		}
		current := resources.Current(all, d.Name)
		if !d.isExpected(current, start, time.Now()) && current != nil {
			return current, "", nil
		}
		return nil, fmt.Sprintf("nodecronjob %s: runOnStartup starts an execution %s after the controller starts", d.Name, d.StartupDelay), nil
	}}
}
