package install

import (
	"context"
	"fmt"
	"time"

	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cli"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/cluster"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/objects"
	"github.com/batch-job-controller/batch-job-controller/cmd/batchjob/progress"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// installed is the outcome of an installation.
type installed struct {
	changed   bool               // an object was changed
	started   bool               // the controller starts again
	open      cluster.RecordName // of an execution that was open before; empty: unknown, or none
	hasRecord bool               // an execution has a record, which wait would select
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
	Records(ctx context.Context) ([]cluster.RecordName, error)
	Executions(ctx context.Context, records ...cluster.RecordName) ([]progress.Execution, error)
	Started(ctx context.Context) (time.Time, error)
}

// findOpen finds an open execution of a definition that is older than this start of the
// controller. It is the newest one, because no other of it starts while it is open.
func (i *installed) findOpen(ctx context.Context, in recordReader, definition string) error {
	records, err := in.Records(ctx)
	if err != nil {
		return err
	}
	var start time.Time
	if i.started {
		if start, err = in.Started(ctx); err != nil {
			return err
		}
	}
	newest, ok := cluster.Newest(records, definition)
	i.hasRecord = ok
	if !ok || (!start.IsZero() && newest.ID >= execution.NewID(start)) {
		return nil
	}
	read, err := in.Executions(ctx, newest)
	if err != nil {
		return err
	}
	// The controller ignores an execution whose record it cannot read.
	if len(read) > 0 && !read[0].Closed() && read[0].Unreadable == "" {
		i.open = newest
	}
	return nil
}

// nextText says when an execution starts. name is the name of the program.
func (i installed) nextText(name string, r rendered, now time.Time) string {
	switch {
	case i.open.ID != "":
		text := fmt.Sprintf("Execution %s is still open: no other starts until it closes.\n%s", i.open.ID, cluster.EndText(name, r.env.Namespace, i.open.Name))
		if r.config.RunOnStartup {
			text += fmt.Sprintf("\nThen, to start another:         kubectl -n %s rollout restart deployment %s", r.namespace(), r.deployment.Name)
		}
		return text
	case !r.config.HasDefinition:
		return "Its configuration has no definition: it runs the NodeCronJobs that you create there."
	case i.startsOne(r):
		return "An execution starts " + cli.HumanDuration(r.config.StartupDelay) + " after the controller."
	case r.config.RunOnStartup:
		return "The next execution starts at " + cluster.NextTick(r.config, time.Time{}, now) + "."
	default:
		return "The next execution starts at " + cluster.NextTick(r.config, time.Time{}, now) + "; with runOnStartup: true, one also starts whenever the controller does."
	}
}

func (i installed) startsOne(r rendered) bool { return i.started && r.config.RunOnStartup }

// canWait reports whether wait would select the announced execution: it prefers a
// closed execution to one that has not started.
func (i installed) canWait(r rendered) bool {
	return i.open.ID != "" || i.startsOne(r) || (!i.hasRecord && r.config.HasDefinition)
}

// defaultWait is the default timeout of wait.
const defaultWait = time.Hour

// waitTimeout returns the flag that makes wait last for the time until the next
// execution plus its default timeout.
func (i installed) waitTimeout(r rendered, now time.Time) string {
	if i.open.ID != "" || i.startsOne(r) {
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
