package watch

import (
	"context"
	"fmt"
	"time"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/resources"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// starting is a definition of which runOnStartup may start an execution.
type starting struct {
	name         string
	runOnStartup bool
	delay        time.Duration
}

// startingOf returns the definitions of a controller.
func startingOf(i *cluster.Installation, definitions []v1alpha1.NodeCronJob) (all []starting) {
	if i.HasOwn(definitions) {
		all = append(all, starting{i.Config.Name, i.Config.RunOnStartup, i.Config.StartupDelay})
	}
	for n := range definitions {
		d := &definitions[n]
		s := starting{name: d.Name, runOnStartup: d.Spec.RunOnStartup && !d.Spec.Suspend}
		if d.Spec.StartupDelay != nil {
			s.delay = d.Spec.StartupDelay.Duration.Duration
		}
		all = append(all, s)
	}
	return all
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
	for _, s := range startingOf(i, definitions) {
		current := resources.Current(all, s.name)
		switch {
		case s.isExpected(current, start, time.Now()):
			f.targets = append(f.targets, f.startup(i, s))
		case current != nil:
			f.add(current)
		default:
			fmt.Fprintf(f.ErrOut, "nodecronjob %s has had no execution yet\n", s.name)
		}
	}
	if len(f.targets) == 0 {
		return &cli.StatusError{Status: cli.ExitTimeout, Err: fmt.Errorf("no execution to wait for: name the NodeCronJob whose first one it is")}
	}
	return nil
}

// isExpected reports whether runOnStartup is about to start an execution. While another one
// is open, it starts none.
func (s starting) isExpected(current *v1alpha1.Execution, start, now time.Time) bool {
	if !s.runOnStartup || (current != nil && !progress.Over(current)) {
		return false
	}
	if start.IsZero() {
		return true
	}
	begun := current != nil && progress.IDOf(current) >= execution.NewID(start)
	return !begun && !now.After(start.Add(s.delay+startupSlack))
}

// startup is the execution that runOnStartup is about to start; if it starts none, the newest.
func (f *following) startup(i *cluster.Installation, s starting) *target {
	return &target{printer: cli.NewDedupPrinter(f.ErrOut), next: func(ctx context.Context) (*v1alpha1.Execution, string, error) {
		start, err := i.Started(ctx)
		if err != nil {
			return nil, "", err
		}
		all, _, err := f.client.Executions(ctx, f.client.Namespace)
		if err != nil {
			return nil, "", err
		}
		current := resources.Current(all, s.name)
		if !s.isExpected(current, start, time.Now()) && current != nil {
			return current, "", nil
		}
		return nil, fmt.Sprintf("nodecronjob %s: runOnStartup starts an execution %s after the controller starts", s.name, s.delay), nil
	}}
}
