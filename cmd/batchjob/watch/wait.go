package watch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/forward"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/pods"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/resources"
	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func waitCommand(t *cli.Tool, connect resources.Connector) *cobra.Command {
	var o waitOptions
	cmd := &cobra.Command{
		Use:   "wait [NAME...]",
		Short: "Wait until executions close; exit status 1 if nodes failed",
		Long: `Wait until executions close, and show their progress. A NAME is that of an
execution, its ID, or latest; or that of a NodeCronJob, whose open execution it is,
else the next one that waits to be opened, else the newest. Without a name, it is the
open execution, the one that runOnStartup is about to start, the newest one, or the
first that will start; with several NodeCronJobs, that of each which has run or is
about to. The exit status is 1 if nodes failed, were lost, or did not send the
expected result (unreported); else 6 if the execution was canceled.`,
		ValidArgsFunction: connect.CompleteBoth(maxWaits, func(e *v1alpha1.Execution) bool { return !progress.Over(e) }),
		RunE:              cli.Does(func(ctx context.Context, args []string) error { return wait(ctx, t, o, args) }),
	}
	cmd.Flags().DurationVar(&o.timeout, "timeout", time.Hour, "how long to wait")
	cmd.Flags().BoolVarP(&o.all, "all-namespaces", "A", false, "for all executions of all namespaces that are open or wait to be opened")
	return cmd
}

// maxWaits is how many executions are waited for at the same time.
const maxWaits = 100

// waitOptions is the flags of wait.
type waitOptions struct {
	timeout time.Duration
	all     bool
}

func (o waitOptions) check(names []string) error {
	if o.all && len(names) > 0 {
		return cli.Misuse(errors.New("-A: all executions are waited for: omit the names"))
	}
	if len(names) > maxWaits {
		return cli.Misuse(fmt.Errorf("got %d names: must be at most %d", len(names), maxWaits))
	}
	for _, name := range names {
		if err := checkName(name); err != nil {
			return err
		}
	}
	return nil
}

func wait(ctx context.Context, t *cli.Tool, o waitOptions, names []string) error {
	if err := o.check(names); err != nil {
		return err
	}
	if o.all {
		client, err := resources.Connect(t)
		if err != nil {
			return err
		}
		return waitForAll(ctx, t, client, o.timeout)
	}
	i, client, err := find(ctx, t)
	if err != nil {
		return err
	}
	record, ok, err := theOne(ctx, i, client, names)
	if err != nil {
		return err
	}
	if ok {
		return waitFor(ctx, t, i, record, o.timeout)
	}
	return waitForNames(ctx, t, i, client, names, o.timeout)
}

// theOne returns the only execution to wait for by its record: its pods tell more than its
// status. It is empty if the next execution of the only definition is meant. There may be none
// such.
func theOne(ctx context.Context, i *cluster.Installation, client *resources.Client, names []string) (record cluster.RecordName, ok bool, err error) {
	if i == nil || len(names) > 1 {
		return record, false, nil
	}
	name := strings.Join(names, "")
	if isID(name) {
		record, err = i.RecordWithID(ctx, execution.ID(name))
		return record, true, err
	}
	if name == "" || name == resources.Latest {
		definitions, err := i.Definitions(ctx)
		only := len(definitionsOf(i, definitions)) == 1
		if err != nil || name == "" || only {
			return record, only, err
		}
	}
	named, err := client.Named(ctx, name)
	if err != nil || named.Execution == nil || progress.IDOf(named.Execution) == "" {
		return record, false, err
	}
	return cluster.RecordName{ID: progress.IDOf(named.Execution), Name: named.Execution.Name, NodeCronJob: named.Execution.Spec.NodeCronJobName}, true, nil
}

// waitFor waits for an execution; without a record, for that of the only definition.
func waitFor(ctx context.Context, t *cli.Tool, i *cluster.Installation, given cluster.RecordName, timeout time.Duration) error {
	w := waiter{Installation: i, name: t.Name, pods: pods.Poller{Installation: i}, printer: cli.NewDedupPrinter(t.ErrOut), timeout: timeout, given: given, of: given}
	definitions, err := i.Definitions(ctx)
	if err != nil {
		return err
	}
	if all := definitionsOf(i, definitions); len(all) > 0 {
		w.definition = all[0]
	}
	if err := cli.Until(ctx, timeout, w.printer, w.poll); err != nil {
		return w.explain(err)
	}
	fmt.Fprint(t.Out, executionText(w.last))
	fmt.Fprint(t.Out, afterExecution(t.Name, i, forward.Services(ctx, i), w.last))
	return exitStatusOf(w.last)
}

// waiter waits for one execution.
type waiter struct {
	*cluster.Installation
	name       string             // of the program
	given      cluster.RecordName // empty: the open execution, or the newest
	of         cluster.RecordName // of the execution to wait for; empty: unknown yet
	definition definition         // whose execution it is, if none is given
	startup    startupExecution
	closed     cluster.RecordName // the newest record, if its execution is closed
	pods       pods.Poller
	printer    *cli.DedupPrinter
	timeout    time.Duration
	last       progress.Execution
}

func (w *waiter) poll(ctx context.Context) (bool, error) {
	if err := w.resolve(ctx, time.Now()); err != nil || w.of == (cluster.RecordName{}) {
		return false, err
	}
	read, err := w.Execution(ctx, w.of)
	if err != nil {
		return false, err
	}
	switch w.last = read; {
	case w.last.Unreadable != "":
		w.of = w.given // a newer one may start
	case w.last.Closed():
		w.last, err = pods.Explained(ctx, w.Installation, w.last)
	default:
		w.last, err = w.pods.Poll(ctx, w.last, time.Now())
	}
	if err != nil {
		return false, err
	}
	details, summaryKey := w.last.StuckText()
	w.printer.PrintWith(fmt.Sprintf("execution %s: %s", w.last.ID, w.last.Line()), details, summaryKey)
	return w.last.Closed(), nil
}

func (w *waiter) explain(err error) error {
	var status *cli.StatusError
	if w.last.ID == "" || !errors.As(err, &status) || status.Err == nil {
		return err
	}
	if w.last.Unreadable != "" {
		return &cli.StatusError{Status: status.Status, Err: fmt.Errorf("execution %s: %w: %s", w.last.ID, status.Err, w.last.Line())}
	}
	return &cli.StatusError{Status: status.Status, Err: fmt.Errorf("execution %s: %w: %s; the execution continues%s",
		w.last.ID, status.Err, w.last.Line(), strings.TrimSuffix(afterExecution(w.name, w.Installation, nil, w.last), "\n"))}
}
