package batchjob

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// startupSlack is how much later than it should an execution of runOnStartup may
// begin.
const startupSlack = time.Minute

// beginning is what is known of the execution that runOnStartup begins.
type beginning struct {
	start    time.Time // of the controller; zero: it has not started
	expected bool      // an execution begins with the start, or should have begun
}

// chooseAt finds out which execution to wait for, unless that is known, and tells
// what is waited for until there is one.
func (w *waiter) chooseAt(ctx context.Context, now time.Time) error {
	if w.of != (recordName{}) {
		return nil
	}
	if err := w.expect(ctx, now); err != nil {
		return err
	}
	if err := w.choose(ctx); err != nil || w.of != (recordName{}) {
		return err
	}
	return w.comesSoon(ctx, now)
}

// expect looks when the controller was started. While it has not, and for a while
// after, runOnStartup is going to begin an execution.
func (w *waiter) expect(ctx context.Context, now time.Time) error {
	start, err := w.started(ctx)
	if err != nil {
		return err
	}
	w.begins.start = start
	if w.config.RunOnStartup && (start.IsZero() || !now.After(w.startupEnds())) {
		w.begins.expected = true
	}
	return nil
}

// startupEnds is by when runOnStartup should have begun one.
func (w *waiter) startupEnds() time.Time {
	return w.begins.start.Add(w.config.StartupDelay + startupSlack)
}

// hasBegun is whether an execution is one to wait for, open or not.
func (b beginning) hasBegun(id execution.ID) bool {
	return !b.expected || (!b.start.IsZero() && id >= execution.NewID(b.start))
}

// choose finds out which execution to wait for, if there is one. While an older
// one is open, runOnStartup begins none: its tick is skipped.
func (w *waiter) choose(ctx context.Context) error {
	records, err := w.records(ctx)
	if err != nil {
		return err
	}
	newest, ok := newest(records)
	switch {
	case !ok || newest == w.closed:
		return nil
	case w.begins.hasBegun(newest.id):
		w.of = newest
		return nil
	}
	read, err := w.executions(ctx, newest)
	switch {
	case err != nil:
		return err
	case len(read) == 0 || read[0].Unreadable != "":
		return nil // it is not what begins
	case read[0].Closed():
		w.closed = newest
		return nil
	}
	w.of = newest
	w.said.say(fmt.Sprintf("execution %s is open since before the controller's start: it is waited for, and runOnStartup begins none meanwhile", newest.id))
	return nil
}

// comesSoon tells what is waited for, and does not wait for what cannot come in
// time.
func (w *waiter) comesSoon(ctx context.Context, now time.Time) error {
	if replicas := w.deployment.Spec.Replicas; replicas != nil && *replicas == 0 {
		return &statusError{exitTimeout, fmt.Errorf("no execution begins: deployment %s has 0 replicas", w.deployment.Name)}
	}
	if w.begins.start.IsZero() {
		return w.sayWhyNotStarted(ctx)
	}
	next := "the next execution begins at " + nextTick(w.config, w.lastTick, now)
	switch {
	case w.begins.expected && now.Before(w.startupEnds()):
		w.said.say("runOnStartup begins an execution " + w.config.StartupDelay.String() + " after the controller's start")
		return nil
	case w.begins.expected:
		return &statusError{exitTimeout, fmt.Errorf("runOnStartup has begun no execution, as when another one is open at its time (kubectl -n %s get events --field-selector reason=TickSkipped); %s",
			w.namespace, next)}
	}
	schedule, err := plan.ParseSchedule(w.config.CronExpression, w.config.TimeZone, now)
	if err != nil {
		w.said.say(next)
		return nil
	}
	if at, _ := plan.NextTick(schedule, w.lastTick, now); at.Sub(now) > w.timeout {
		return &statusError{exitTimeout, errors.New(next + ", which is after --timeout; " + w.sooner())}
	}
	w.said.say(next)
	return nil
}

// sooner is how an execution can be had before its tick.
func (w *waiter) sooner() string {
	if !w.config.RunOnStartup {
		return "to begin one at every start, set runOnStartup: true"
	}
	return fmt.Sprintf("to begin one now: kubectl -n %s rollout restart deployment %s", w.deployment.Namespace, w.deployment.Name)
}

// sayWhyNotStarted tells what keeps the controller from starting.
func (w *waiter) sayWhyNotStarted(ctx context.Context) error {
	rollout, err := w.rollout(ctx, w.deployment)
	if err != nil {
		return err
	}
	w.said.say("the controller has not started: " + cmp.Or(strings.Join(rollout.Why, "; "), rollout.Line))
	return nil
}
