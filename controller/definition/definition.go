package definition

import (
	"fmt"
	"slices"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// Definition is a configuration and what was made of it. It is never changed, but
// replaced as a whole.
type Definition struct {
	config.Config
	// Extensions add to the environment of the containers.
	Extensions []jobspec.EnvExtension

	schedule plan.Schedule
	// scheduleText tells the schedule from others. Those that applied in this
	// process before it are in scheduleTexts, and schedule has their ticks too.
	scheduleText  string
	scheduleTexts []string
	// since is when the schedule was changed, or zero if this process began
	// with it.
	since time.Time
}

// compile returns the definition that a configuration makes at a time.
func compile(cfg config.Config, extensions Extensions, now time.Time) (*Definition, error) {
	schedule, err := plan.ParseSchedule(cfg.CronExpression, cfg.TimeZone, now)
	if err != nil {
		return nil, fmt.Errorf("cronExpression: %w", err)
	}
	d := &Definition{Config: cfg, schedule: schedule, scheduleText: plan.ScheduleText(cfg.CronExpression, cfg.TimeZone)}
	if extensions != nil {
		d.Extensions = extensions(cfg)
	}
	return d, nil
}

// inherit has the definition go on with the schedule of the one that it replaces, or change
// it from now on.
func (d *Definition) inherit(old *Definition, now time.Time) {
	if d.CronExpression == old.CronExpression && d.TimeZone == old.TimeZone {
		d.schedule, d.since, d.scheduleTexts = old.schedule, old.since, old.scheduleTexts
		return
	}
	d.since = now
	d.schedule = plan.Changed(old.schedule, d.schedule, now)
	d.scheduleTexts = append(slices.Clone(old.scheduleTexts), old.scheduleText)
}

// hasTicksOf reports whether the definition has the ticks that were due while a
// schedule applied.
func (d *Definition) hasTicksOf(scheduleText string) bool {
	return scheduleText == d.scheduleText || slices.Contains(d.scheduleTexts, scheduleText)
}

// startingDeadline is how late an execution may begin.
func (d *Definition) startingDeadline(now time.Time) time.Duration {
	if d.StartingDeadline > 0 {
		return d.StartingDeadline
	}
	return plan.DefaultStartingDeadline(d.schedule, now)
}

// latestStart returns until when an execution of the firing may begin.
func (d *Definition) latestStart(firing execution.Firing, now time.Time) time.Time {
	return firing.Scheduled.Add(d.startingDeadline(now))
}
