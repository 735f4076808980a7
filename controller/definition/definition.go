package definition

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/batch-job-controller/batch-job-controller/controller/api/v1alpha1"
	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
	"github.com/batch-job-controller/batch-job-controller/controller/record"
)

// Definition is a configuration and what follows from it. It never changes: another one
// replaces it.
type Definition struct {
	config.Config
	// Object is the NodeCronJob that it was read from.
	Object Object
	// Extensions add to the environment of the containers.
	Extensions []jobspec.EnvExtension

	schedule plan.Schedule
	// scheduleText identifies the schedule. scheduleTexts has those that applied in this
	// process before it: schedule has their ticks as well.
	scheduleText  string
	scheduleTexts []string
	// since is when the schedule was changed; zero: this process began with it.
	since time.Time
	// resumed is until when the definition was last suspended; zero: not in this process.
	resumed time.Time
}

// Object is a NodeCronJob that a definition was read from.
type Object struct {
	Name       string
	UID        types.UID
	Generation int64
	Created    time.Time
	// FromConfigMap says that it is the copy of the definition in the controller's ConfigMap.
	FromConfigMap bool
}

// vacant returns what there is of a definition before a spec of its NodeCronJob applies.
func vacant(nodeCronJob string) *Definition {
	return &Definition{Object: Object{Name: nodeCronJob}, schedule: never{}}
}

// never is a schedule without ticks.
type never struct{}

func (never) Next(time.Time) time.Time { return time.Time{} }

// IsVacant reports whether no spec of the NodeCronJob has applied yet.
func (d *Definition) IsVacant() bool { return d.scheduleText == "" }

// Retention returns how many executions are kept. It is zero if no spec has applied yet: that
// says nothing of what other specs have left.
func (d *Definition) Retention() execution.Retention {
	return execution.Retention{Reports: d.ReportHistory, Jobs: d.JobHistory}
}

// NodeCronJob returns the name of the definition's NodeCronJob.
func (d *Definition) NodeCronJob() string { return d.Object.Name }

// Of returns whose its Executions are.
func (d *Definition) Of() record.NodeCronJob {
	return record.NodeCronJob{Name: d.NodeCronJob(), UID: d.Object.UID}
}

// Compile returns the definition of a NodeCronJob whose configuration applies from now on.
func Compile(from Object, cfg config.Config, extensions Extensions, now time.Time) (*Definition, error) {
	schedule, err := plan.ParseSchedule(cfg.CronExpression, cfg.TimeZone, now)
	if err != nil {
		return nil, fmt.Errorf("cronExpression: %w", err)
	}
	d := &Definition{Config: cfg, Object: from, schedule: schedule, scheduleText: plan.ScheduleText(cfg.CronExpression, cfg.TimeZone)}
	if extensions != nil {
		d.Extensions = extensions(cfg)
	}
	return d, nil
}

// InvalidError is what is wrong with a configuration.
type InvalidError struct{ Err error }

func (e *InvalidError) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong.
func (e *InvalidError) Unwrap() error { return e.Err }

// WithSuspend returns a copy that is suspended or not: suspend is in effect also while the
// rest of the newest spec is not.
func (d *Definition) WithSuspend(suspend bool) *Definition {
	changed := *d
	changed.Suspend = suspend
	return &changed
}

// inherit continues the schedule of the definition that this one replaces, or changes it
// from now on.
func (d *Definition) inherit(old *Definition, now time.Time) {
	if old.IsVacant() {
		return
	}
	d.resumed = old.resumed
	if old.Suspend {
		d.resumed = now
	}
	if d.CronExpression == old.CronExpression && d.TimeZone == old.TimeZone {
		d.schedule, d.since, d.scheduleTexts = old.schedule, old.since, old.scheduleTexts
		return
	}
	d.since = now
	d.schedule = plan.Changed(old.schedule, d.schedule, now)
	d.scheduleTexts = append(slices.Clone(old.scheduleTexts), old.scheduleText)
}

// hasTicksOf reports whether the definition has the ticks of the time in which a schedule
// applied.
func (d *Definition) hasTicksOf(scheduleText string) bool {
	return scheduleText == d.scheduleText || slices.Contains(d.scheduleTexts, scheduleText)
}

// hasTick reports whether a time is a tick of the definition, of which an Execution has the
// name. Ticks of intervals, and of an earlier schedule, are known by the name alone.
func (d *Definition) hasTick(name string, at time.Time) bool {
	return d.isOwn(name, at) || d.schedule.Next(at.Add(-time.Second)).Equal(at)
}

// isOwn reports whether an Execution has the name that the controller gives that of a tick.
func (d *Definition) isOwn(name string, at time.Time) bool {
	return strings.HasPrefix(name, jobspec.ExecutionName(d.NodeCronJob(), execution.NewID(at)))
}

// firingOf returns the trigger and the time of an Execution. A person can create one with the
// trigger Cron for any time: for one that has passed and was no tick, it takes no tick, and so
// counts as a person's.
func (d *Definition) firingOf(e *v1alpha1.Execution, now time.Time) execution.Firing {
	firing := record.FiringOf(e)
	if firing.Trigger == execution.Cron && !firing.Scheduled.After(now) && !d.hasTick(e.Name, firing.Scheduled) {
		firing.Trigger = execution.Manual
	}
	return firing
}

// suspendedUntil returns until when the definition is or was suspended; zero: it never was.
func (d *Definition) suspendedUntil(now time.Time) time.Time {
	if d.Suspend {
		return now
	}
	return d.resumed
}

// TicksOf returns whose ticks the state is about.
func (d *Definition) TicksOf() plan.TicksOf {
	return plan.TicksOf{Name: d.NodeCronJob(), UID: string(d.Object.UID), Created: d.Object.Created, Schedule: d.scheduleText}
}

// Deadline returns how late an execution may begin.
func (d *Definition) Deadline(now time.Time) time.Duration {
	if d.StartingDeadline > 0 {
		return d.StartingDeadline
	}
	return plan.DefaultStartingDeadline(d.schedule, now)
}

// latestStart returns until when an execution of the firing may begin.
func (d *Definition) latestStart(firing execution.Firing, now time.Time) time.Time {
	return firing.Scheduled.Add(d.Deadline(now))
}
