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
		Short: "Wait until an execution is over; exit status 1 if nodes failed",
		Long: `Wait until an execution is over, and tell how it goes. Without an ID it is the
one that is open, the one that runOnStartup is about to begin, the newest one, or
else the first that will begin. Exit status 1 if nodes failed, were lost, or did
not send the result expected (unreported).`,
		Args: executionArgs,
		RunE: does(func(ctx context.Context, args []string) error { return t.wait(ctx, args, timeout) }),
	}
	cmd.Flags().DurationVar(&timeout, "timeout", time.Hour, "how long to wait")
	return cmd
}

// executionArgs takes one execution ID at most; latest is the newest one.
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
	w := waiter{tool: t, installation: i, onlooker: onlooker{installation: i}, said: news{to: t.ErrOut}, timeout: timeout}
	if id := chosenID(args); id != "" {
		w.given = i.record(id)
		w.of = w.given
	}
	if err := until(ctx, timeout, &w.said, w.look); err != nil {
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
	given    recordName // empty: the one that is open, or the newest
	of       recordName // that is waited for; empty: it is not known yet
	begins   beginning
	closed   recordName // one that is not open, as is known
	onlooker onlooker
	said     news
	timeout  time.Duration
	last     progress.Execution
}

func (w *waiter) look(ctx context.Context) (bool, error) {
	if err := w.chooseAt(ctx, time.Now()); err != nil || w.of == (recordName{}) {
		return false, err
	}
	read, err := w.execution(ctx, w.of)
	if err != nil {
		return false, err
	}
	switch w.last = read; {
	case w.last.Unreadable != "":
		w.of = w.given // a newer one may begin
	case w.last.Closed():
		w.last, err = w.explained(ctx, w.last)
	default:
		w.last, err = w.onlooker.look(ctx, w.last, time.Now())
	}
	if err != nil {
		return false, err
	}
	details, gist := w.last.StuckText()
	w.said.sayWith(fmt.Sprintf("execution %s: %s", w.last.ID, w.last.Line()), details, gist)
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
	return &statusError{status.status, fmt.Errorf("execution %s: %w: %s; it goes on meanwhile%s",
		w.last.ID, status.err, w.last.Line(), strings.TrimSuffix(w.afterExecution(w.installation, nil, w.last), "\n"))}
}

// verdict is why the exit status is what it is.
func verdict(e progress.Execution) error {
	if e.Unreadable != "" {
		return &statusError{exitNotDone, nil}
	}
	if len(e.Bad)+len(e.Stuck) > 0 {
		return &statusError{exitNo, nil}
	}
	return nil
}
