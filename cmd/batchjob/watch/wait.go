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
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func waitCommand(t *cli.Tool) *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "wait [EXECUTION]",
		Short: "Wait until an execution closes; exit status 1 if nodes failed",
		Long: `Wait until an execution closes, and show its progress. Without an ID, it is the
open execution, the one that runOnStartup is about to start, the newest one, or the
first that will start. The exit status is 1 if nodes failed, were lost, or did not
send the expected result (unreported).`,
		Args: executionArgs,
		RunE: cli.Does(func(ctx context.Context, args []string) error { return wait(ctx, t, chosenID(args), timeout) }),
	}
	cmd.Flags().DurationVar(&timeout, "timeout", time.Hour, "how long to wait")
	return cmd
}

func wait(ctx context.Context, t *cli.Tool, id execution.ID, timeout time.Duration) error {
	i, err := cluster.Find(ctx, t)
	if err != nil {
		return err
	}
	w := waiter{Installation: i, name: t.Name, pods: podPoller{Installation: i}, printer: cli.NewDedupPrinter(t.ErrOut), timeout: timeout}
	if id != "" {
		w.given = i.Record(id)
		w.of = w.given
	}
	if err := cli.Until(ctx, timeout, w.printer, w.poll); err != nil {
		return w.explain(err)
	}
	fmt.Fprint(t.Out, executionText(w.last))
	fmt.Fprint(t.Out, afterExecution(t.Name, i, servicesOf(ctx, i), w.last))
	return exitStatusOf(w.last)
}

// waiter waits for one execution.
type waiter struct {
	*cluster.Installation
	name    string             // of the program
	given   cluster.RecordName // empty: the open execution, or the newest
	of      cluster.RecordName // of the execution to wait for; empty: unknown yet
	startup startupExecution
	closed  cluster.RecordName // the newest record, if its execution is closed
	pods    podPoller
	printer *cli.DedupPrinter
	timeout time.Duration
	last    progress.Execution
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
		w.last, err = explained(ctx, w.Installation, w.last)
	default:
		w.last, err = w.pods.poll(ctx, w.last, time.Now())
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
