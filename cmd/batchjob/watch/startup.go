package watch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// startupSlack is how late an execution of runOnStartup may start.
const startupSlack = time.Minute

// startupExecution is what is known of the execution that runOnStartup starts.
type startupExecution struct {
	start    time.Time // of the controller; zero: it has not started
	expected bool      // runOnStartup starts an execution, or should have
}

// resolve finds the execution to wait for, unless it is known, and prints what is
// missing until there is one.
func (w *waiter) resolve(ctx context.Context, now time.Time) error {
	if w.of != (cluster.RecordName{}) {
		return nil
	}
	if err := w.expectStartup(ctx, now); err != nil {
		return err
	}
	if err := w.findExecution(ctx); err != nil || w.of != (cluster.RecordName{}) {
		return err
	}
	return w.checkNextStart(ctx, now)
}

// expectStartup reads when the controller started. Until a while after that,
// runOnStartup is going to start an execution.
func (w *waiter) expectStartup(ctx context.Context, now time.Time) error {
	start, err := w.Started(ctx)
	if err != nil {
		return err
	}
	w.startup.start = start
	if w.definition.RunOnStartup && (start.IsZero() || !now.After(w.startupDeadline())) {
		w.startup.expected = true
	}
	return nil
}

// startupDeadline is when runOnStartup should have started an execution.
func (w *waiter) startupDeadline() time.Time {
	return w.startup.start.Add(w.definition.StartupDelay + startupSlack)
}

// isCandidate reports whether an execution is one to wait for, open or not.
func (b startupExecution) isCandidate(id execution.ID) bool {
	return !b.expected || (!b.start.IsZero() && id >= execution.NewID(b.start))
}

// findExecution finds the execution to wait for, if there is one. While an older
// execution is open, runOnStartup starts none: its tick is skipped.
func (w *waiter) findExecution(ctx context.Context) error {
	records, err := w.Records(ctx)
	if err != nil {
		return err
	}
	newest, ok := cluster.Newest(records, w.definition.Name)
	switch {
	case !ok || newest == w.closed:
		return nil
	case w.startup.isCandidate(newest.ID):
		w.of = newest
		return nil
	}
	read, err := w.Executions(ctx, newest)
	switch {
	case err != nil:
		return err
	case len(read) == 0 || read[0].Unreadable != "":
		return nil // it is not the expected execution
	case read[0].Closed():
		w.closed = newest
		return nil
	}
	w.of = newest
	w.printer.Print(fmt.Sprintf("execution %s was open before the controller started: waiting for it; runOnStartup starts none while it is open", newest.ID))
	return nil
}

// checkNextStart prints when the next execution starts, and fails if none starts
// within the timeout.
func (w *waiter) checkNextStart(ctx context.Context, now time.Time) error {
	if replicas := w.Deployment.Spec.Replicas; replicas != nil && *replicas == 0 {
		return &cli.StatusError{Status: cli.ExitTimeout, Err: fmt.Errorf("no execution will start: deployment %s has 0 replicas", w.Deployment.Name)}
	}
	if w.startup.start.IsZero() {
		return w.printWhyNotStarted(ctx)
	}
	next := "the next execution starts at " + cluster.NextTick(w.definition.Config, w.definition.lastTick, now)
	switch {
	case w.startup.expected && now.Before(w.startupDeadline()):
		w.printer.Print("runOnStartup starts an execution " + w.definition.StartupDelay.String() + " after the controller starts")
		return nil
	case w.startup.expected:
		return &cli.StatusError{Status: cli.ExitTimeout, Err: fmt.Errorf("runOnStartup started no execution; another one may have been open (kubectl -n %s get events --field-selector reason=TickSkipped); %s",
			w.Namespace, next)}
	}
	schedule, err := plan.ParseSchedule(w.definition.CronExpression, w.definition.TimeZone, now)
	if err != nil {
		w.printer.Print(next)
		return nil
	}
	if at, _ := plan.NextTick(schedule, w.definition.lastTick, now); at.Sub(now) > w.timeout {
		return &cli.StatusError{Status: cli.ExitTimeout, Err: errors.New(next + ", after --timeout; " + w.startHint())}
	}
	w.printer.Print(next)
	return nil
}

// startHint says how to start an execution before its tick.
func (w *waiter) startHint() string {
	switch {
	case w.definition.isNodeCronJob:
		return fmt.Sprintf("to start one now: %s run %s -n %s", w.name, w.definition.Name, w.Namespace)
	case !w.definition.RunOnStartup:
		return "to start one whenever the controller starts, set runOnStartup: true"
	}
	return fmt.Sprintf("to start one now: kubectl -n %s rollout restart deployment %s", w.Deployment.Namespace, w.Deployment.Name)
}

// printWhyNotStarted prints why the controller does not start.
func (w *waiter) printWhyNotStarted(ctx context.Context) error {
	rollout, err := w.Rollout(ctx, w.Deployment)
	if err != nil {
		return err
	}
	w.printer.Print("the controller has not started: " + cmp.Or(strings.Join(rollout.Why, "; "), rollout.Line))
	return nil
}
