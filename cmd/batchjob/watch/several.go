package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/ending"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/resources"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
)

// following waits for executions by their status alone, which every user may read who may
// read executions.
type following struct {
	*cli.Tool
	client  *resources.Client
	targets []*target
	errs    []error // of the executions that are over
}

// target is an execution that is waited for.
type target struct {
	execution *v1alpha1.Execution // nil: none is known yet
	next      func(ctx context.Context) (*v1alpha1.Execution, string, error)
	printer   *cli.DedupPrinter
	over      bool
}

func (f *following) add(e *v1alpha1.Execution) {
	f.targets = append(f.targets, &target{execution: e, printer: cli.NewDedupPrinter(f.ErrOut)})
}

// waitForAll waits for all executions of all namespaces that are not over.
func waitForAll(ctx context.Context, t *cli.Tool, client *resources.Client, timeout time.Duration) error {
	all, _, err := client.Executions(ctx, metav1.NamespaceAll)
	if err != nil {
		return err
	}
	f := following{Tool: t, client: client}
	for i := range all {
		if !progress.Over(&all[i]) {
			f.add(&all[i])
		}
	}
	if len(f.targets) == 0 {
		fmt.Fprintln(t.ErrOut, "No execution is open in any namespace.")
		return nil
	}
	return f.wait(ctx, timeout)
}

// waitForNames waits for what some names mean; without a name, for the executions of all
// definitions.
func waitForNames(ctx context.Context, t *cli.Tool, i *cluster.Installation, client *resources.Client, names []string, timeout time.Duration) error {
	f := following{Tool: t, client: client}
	for _, name := range names {
		named, err := client.Named(ctx, name)
		switch {
		case err != nil:
			return err
		case named.Execution != nil:
			f.add(named.Execution)
		default:
			f.targets = append(f.targets, f.first(named.Definition))
		}
	}
	if len(names) == 0 {
		if err := f.addDefinitions(ctx, i); err != nil {
			return err
		}
	}
	return f.wait(ctx, timeout)
}

// first is the first execution of a definition, which has had none.
func (f *following) first(definition string) *target {
	return &target{printer: cli.NewDedupPrinter(f.ErrOut), next: func(ctx context.Context) (*v1alpha1.Execution, string, error) {
		all, _, err := f.client.Executions(ctx, f.client.Namespace)
		return resources.Current(all, definition), "nodecronjob " + definition + " has had no execution yet", err
	}}
}

// wait waits until all targets are over.
func (f *following) wait(ctx context.Context, timeout time.Duration) error {
	err := cli.Until(ctx, timeout, cli.NewDedupPrinter(f.ErrOut), f.poll)
	var status *cli.StatusError
	switch {
	case errors.Is(err, context.Canceled):
		return &cli.StatusError{Status: cli.ExitNotDone, Err: fmt.Errorf("interrupted: %s", f.left())}
	case errors.As(err, &status) && status.Status == cli.ExitTimeout:
		return &cli.StatusError{Status: cli.ExitTimeout, Err: fmt.Errorf("%w: %s", status.Err, f.left())}
	case err != nil:
		return err
	}
	return joinStatus(f.errs)
}

// left says what is not over.
func (f *following) left() string {
	var names []string
	for _, t := range f.targets {
		switch {
		case t.over:
		case t.execution == nil:
			names = append(names, "none has started yet")
		default:
			names = append(names, fmt.Sprintf("execution %s: %s", t.execution.Name, progress.StatusText(t.execution)))
		}
	}
	return strings.Join(names, "; ")
}

// joinStatus joins the errors of several executions. A cancel counts least, and bad nodes,
// which have been printed, count less than an execution that did not run.
func joinStatus(errs []error) error {
	order := []int{cli.ExitOK, cli.ExitCanceled, cli.ExitProblems, cli.ExitNotDone, cli.ExitConflict}
	worst := 0
	var texts []error
	for _, err := range errs {
		if err == nil {
			continue
		}
		s := &cli.StatusError{Status: cli.ExitNotDone, Err: err}
		errors.As(err, &s)
		worst = max(worst, slices.Index(order, s.Status))
		if s.Err != nil {
			texts = append(texts, err)
		}
	}
	if worst == 0 {
		return nil
	}
	return &cli.StatusError{Status: order[worst], Err: errors.Join(texts...)}
}

func (f *following) poll(ctx context.Context) (done bool, err error) {
	done = true
	for _, t := range f.targets {
		if t.over {
			continue
		}
		if err := f.look(ctx, t); err != nil {
			return false, err
		}
		done = done && t.over
	}
	return done, nil
}

// look reads a target, and prints what is new about it.
func (f *following) look(ctx context.Context, t *target) error {
	if t.execution == nil {
		e, why, err := t.next(ctx)
		if err != nil || e == nil {
			if err == nil {
				t.printer.Print(why)
			}
			return err
		}
		t.execution = e
	}
	name, namespace := t.execution.Name, t.execution.Namespace
	now, err := f.client.API.Executions(namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err) || (err == nil && now.UID != t.execution.UID):
		t.over = true
		f.errs = append(f.errs, fmt.Errorf("execution %s was deleted", name))
		return nil
	case apierrors.IsForbidden(err):
		return &cli.StatusError{Status: cli.ExitNotDone, Err: resources.Explain(err, resources.Request{Verb: "get", Resource: resources.Executions, Namespace: namespace, Name: name})}
	case err != nil:
		return err
	}
	t.execution = now
	if !progress.Over(now) {
		t.printer.Print(fmt.Sprintf("execution %s: %s", name, progress.StatusText(now)))
		return nil
	}
	t.over = true
	if now.Status.Phase == v1alpha1.Closed {
		fmt.Fprint(f.Out, ending.Text(ctx, f.client, now, fmt.Sprintf("%s status %s -n %s", f.Name, name, namespace)))
	}
	f.errs = append(f.errs, ending.Status(now))
	return nil
}
