package batchjob

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// installed is the outcome of an installation.
type installed struct {
	changed   bool         // an object was
	started   bool         // the controller was, anew
	open      execution.ID // that was open before; empty: none is known
	hasRecord bool         // execution is on record, so that wait has one
}

func (i *installed) note(of objects.Reference, change objects.Change) {
	if change != objects.Created && change != objects.Configured && change != objects.Deleted {
		return
	}
	i.changed = true
	i.started = i.started || of.Kind == "Deployment"
}

// recordReader reads the records of executions.
type recordReader interface {
	records(ctx context.Context) ([]recordName, error)
	executions(ctx context.Context, records ...recordName) ([]progress.Execution, error)
	started(ctx context.Context) (time.Time, error)
}

// findOpen finds an open execution that is older than this start of the controller.
// It is the newest one, because no other starts while it is open.
func (i *installed) findOpen(ctx context.Context, in recordReader) error {
	records, err := in.records(ctx)
	if err != nil {
		return err
	}
	var start time.Time
	if i.started {
		if start, err = in.started(ctx); err != nil {
			return err
		}
	}
	newest, ok := newest(records)
	i.hasRecord = ok
	if !ok || (!start.IsZero() && newest.id >= execution.NewID(start)) {
		return nil
	}
	read, err := in.executions(ctx, newest)
	if err != nil {
		return err
	}
	// The controller ignores an execution whose record it cannot read.
	if len(read) > 0 && !read[0].Closed() && read[0].Unreadable == "" {
		i.open = newest.id
	}
	return nil
}

// endText says how to end an open execution. While it is open, the tick of
// runOnStartup is skipped.
func endText(d *appsv1.Deployment, namespace string, cfg config.Config, id execution.ID) string {
	text := "To end it and delete its Jobs, without a report"
	command := "kubectl -n " + namespace + " delete configmap " + jobspec.RecordName(cfg.Name, id)
	if cfg.RunOnStartup {
		text += ", and start another"
		command += " && kubectl -n " + d.Namespace + " rollout restart deployment " + d.Name
	}
	return text + ":\n  " + command
}

// nextText says when an execution starts.
func (i installed) nextText(r rendered, now time.Time) string {
	switch {
	case i.open != "":
		return fmt.Sprintf("Execution %s is still open: no other starts until it closes.\n%s", i.open, endText(r.deployment, r.env.Namespace, r.config, i.open))
	case i.startsOne(r):
		return "An execution starts " + humanDuration(r.config.StartupDelay) + " after the controller."
	case r.config.RunOnStartup:
		return "The next execution starts at " + nextTick(r.config, time.Time{}, now) + "."
	default:
		return "The next execution starts at " + nextTick(r.config, time.Time{}, now) + "; with runOnStartup: true, one also starts whenever the controller does."
	}
}

func (i installed) startsOne(r rendered) bool { return i.started && r.config.RunOnStartup }

// canWait reports whether wait would select the announced execution: it prefers a
// closed execution to one that has not started.
func (i installed) canWait(r rendered) bool {
	return i.open != "" || i.startsOne(r) || !i.hasRecord
}

// defaultWait is the default timeout of wait.
const defaultWait = time.Hour

// waitTimeout returns the flag that makes wait last for the time until the next
// execution plus its default timeout.
func (i installed) waitTimeout(r rendered, now time.Time) string {
	if i.open != "" || i.startsOne(r) {
		return ""
	}
	schedule, err := plan.ParseSchedule(r.config.CronExpression, r.config.TimeZone, now)
	if err != nil {
		return ""
	}
	until := schedule.Next(now).Sub(now)
	if until <= defaultWait {
		return ""
	}
	hours := (until + defaultWait + time.Hour - 1) / time.Hour
	return fmt.Sprintf(" --timeout %dh", hours)
}
