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

// installed is what an installation has come to.
type installed struct {
	changed bool         // an object was
	started bool         // the controller was, anew
	open    execution.ID // that was open before; empty: none is known
	any     bool         // execution is on record, so that wait has one
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

// look looks for executions that have not begun with this start. If one of those
// is open it is the newest: no other begins beside it.
func (i *installed) look(ctx context.Context, in recordReader) error {
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
	i.any = ok
	if !ok || (!start.IsZero() && newest.id >= execution.NewID(start)) {
		return nil
	}
	read, err := in.executions(ctx, newest)
	if err != nil {
		return err
	}
	// One that cannot be read is left alone by a controller that starts.
	if len(read) > 0 && !read[0].Closed() && read[0].Unreadable == "" {
		i.open = newest.id
	}
	return nil
}

// endText is how an open execution can be ended. While it is open the one of
// runOnStartup is skipped, and does not come later.
func endText(d *appsv1.Deployment, namespace string, cfg config.Config, id execution.ID) string {
	text := "To end it, with its Jobs and without its report"
	command := "kubectl -n " + namespace + " delete configmap " + jobspec.RecordName(cfg.Name, id)
	if cfg.RunOnStartup {
		text += ", and begin another"
		command += " && kubectl -n " + d.Namespace + " rollout restart deployment " + d.Name
	}
	return text + ":\n  " + command
}

// next is when an execution begins.
func (i installed) next(r rendered, now time.Time) string {
	switch {
	case i.open != "":
		return fmt.Sprintf("Execution %s is still open: none begins before it is over.\n%s", i.open, endText(r.deployment, r.env.Namespace, r.config, i.open))
	case i.startsOne(r):
		return "An execution begins " + inWords(r.config.StartupDelay) + " after the start."
	case r.config.RunOnStartup:
		return "The next execution begins at " + nextTick(r.config, time.Time{}, now) + "."
	default:
		return "The next execution begins at " + nextTick(r.config, time.Time{}, now) + "; runOnStartup: true begins one at every start as well."
	}
}

func (i installed) startsOne(r rendered) bool { return i.started && r.config.RunOnStartup }

// canWait is whether wait would be about the execution that was told of: one that
// is over comes before one that has not begun.
func (i installed) canWait(r rendered) bool {
	return i.open != "" || i.startsOne(r) || !i.any
}

// waitsFor is how long wait waits by itself.
const waitsFor = time.Hour

// waitTimeout is the flag with which wait lasts until an execution that begins
// late has had its hour as well.
func (i installed) waitTimeout(r rendered, now time.Time) string {
	if i.open != "" || i.startsOne(r) {
		return ""
	}
	schedule, err := plan.ParseSchedule(r.config.CronExpression, r.config.TimeZone, now)
	if err != nil {
		return ""
	}
	until := schedule.Next(now).Sub(now)
	if until <= waitsFor {
		return ""
	}
	hours := (until + waitsFor + time.Hour - 1) / time.Hour
	return fmt.Sprintf(" --timeout %dh", hours)
}
