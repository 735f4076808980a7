package batchjob

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

func (t *tool) waitCommand() *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "wait [EXECUTION]",
		Short: "Wait until an execution closes; exit status 1 if nodes failed",
		Long: `Wait until an execution closes, and show its progress. Without an ID, it is the
open execution, the one that runOnStartup is about to start, the newest one, or the
first that will start. The exit status is 1 if nodes failed, were lost, or did not
send the expected result (unreported).`,
		Args: executionArgs,
		RunE: does(func(ctx context.Context, args []string) error { return t.wait(ctx, args, timeout) }),
	}
	cmd.Flags().DurationVar(&timeout, "timeout", time.Hour, "how long to wait")
	return cmd
}

// executionArgs accepts at most one execution ID, or latest.
func executionArgs(cmd *cobra.Command, args []string) error {
	if err := cobra.MaximumNArgs(1)(cmd, args); err != nil {
		return err
	}
	if len(args) == 0 || args[0] == latest {
		return nil
	}
	_, err := execution.ParseID(args[0])
	return err
}

const latest = "latest"

func chosenID(args []string) execution.ID {
	if len(args) == 0 || args[0] == latest {
		return ""
	}
	return execution.ID(args[0])
}

func (t *tool) wait(ctx context.Context, args []string, timeout time.Duration) error {
	i, err := t.findInstallation(ctx)
	if err != nil {
		return err
	}
	w := waiter{tool: t, installation: i, pods: podPoller{installation: i}, printer: dedupPrinter{to: t.ErrOut}, timeout: timeout}
	if id := chosenID(args); id != "" {
		w.given = i.record(id)
		w.of = w.given
	}
	if err := until(ctx, timeout, &w.printer, w.poll); err != nil {
		return w.explain(err)
	}
	fmt.Fprint(t.Out, executionText(w.last))
	fmt.Fprint(t.Out, t.afterExecution(i, i.services(ctx), w.last))
	return verdict(w.last)
}

// waiter waits for one execution.
type waiter struct {
	*tool
	*installation
	given   recordName // empty: the open execution, or the newest
	of      recordName // of the execution to wait for; empty: not known yet
	startup startupExecution
	closed  recordName // one that is not open, as is known
	pods    podPoller
	printer dedupPrinter
	timeout time.Duration
	last    progress.Execution
}

func (w *waiter) poll(ctx context.Context) (bool, error) {
	if err := w.resolve(ctx, time.Now()); err != nil || w.of == (recordName{}) {
		return false, err
	}
	read, err := w.execution(ctx, w.of)
	if err != nil {
		return false, err
	}
	switch w.last = read; {
	case w.last.Unreadable != "":
		w.of = w.given // a newer one may start
	case w.last.Closed():
		w.last, err = w.explained(ctx, w.last)
	default:
		w.last, err = w.pods.poll(ctx, w.last, time.Now())
	}
	if err != nil {
		return false, err
	}
	details, summaryKey := w.last.StuckText()
	w.printer.printWith(fmt.Sprintf("execution %s: %s", w.last.ID, w.last.Line()), details, summaryKey)
	return w.last.Closed(), nil
}

func (w *waiter) explain(err error) error {
	var status *statusError
	if w.last.ID == "" || !errors.As(err, &status) || status.err == nil {
		return err
	}
	if w.last.Unreadable != "" {
		return &statusError{status.status, fmt.Errorf("execution %s: %w: %s", w.last.ID, status.err, w.last.Line())}
	}
	return &statusError{status.status, fmt.Errorf("execution %s: %w: %s; the execution continues%s",
		w.last.ID, status.err, w.last.Line(), strings.TrimSuffix(w.afterExecution(w.installation, nil, w.last), "\n"))}
}

// verdict returns the exit status for an execution.
func verdict(e progress.Execution) error {
	if e.Unreadable != "" {
		return &statusError{exitNotDone, nil}
	}
	if len(e.Bad)+len(e.Stuck) > 0 {
		return &statusError{exitProblems, nil}
	}
	return nil
}
