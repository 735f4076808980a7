package definition

import (
	"fmt"
	"maps"
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

// latestStart returns until when what fired may begin.
func (d *Definition) latestStart(why execution.Firing, now time.Time) time.Time {
	return why.Scheduled.Add(d.startingDeadline(now))
}

// IntakeOf returns what the pods of an execution may report: what it began with, or
// what the definition says if its record is of a version that did not say it.
func (d *Definition) IntakeOf(p execution.Plan) execution.Intake {
	if p.Settings.Intake != nil {
		return *p.Settings.Intake
	}
	return d.intake()
}

// intake is what the pods of an execution may report that begins now.
func (d *Definition) intake() execution.Intake {
	l := d.Callback.Limits
	in := execution.Intake{
		SamplesPerResult:  l.SamplesPerResult,
		LabelSets:         l.LabelSets,
		LabelSize:         l.LabelSize,
		FilesPerTask:      l.FilesPerTask,
		BytesPerTask:      l.BytesPerTask,
		ResultsPerTask:    l.ResultsPerTask,
		EventsPerTask:     l.EventsPerTask,
		EventBurst:        l.EventBurst,
		EventInterval:     l.EventInterval,
		EventsPerSecond:   l.EventsPerSecond,
		BytesPerExecution: l.BytesPerExecution,
	}
	for _, name := range slices.Sorted(maps.Keys(d.Metrics.Gauges)) {
		g := d.Metrics.Gauges[name]
		in.Gauges = append(in.Gauges, execution.Gauge{Name: name, Help: g.Help, Labels: g.Labels})
	}
	return in
}

// settings freezes the definition for an execution whose pods connect to the host,
// with TLS unless tls is nil.
func (d *Definition) settings(host string, tls CallbackTLS) execution.Settings {
	settings, in := settingsOf(d.Config, host), d.intake()
	settings.Intake = &in
	if tls != nil {
		settings.CallbackTLS, settings.CABundle = true, tls.CABundle()
	}
	return settings
}

func settingsOf(cfg config.Config, host string) execution.Settings {
	return execution.Settings{
		PodPoolSize:           cfg.PodPoolSize,
		StartDeadline:         cfg.StartDeadline,
		JobTimeout:            cfg.JobTimeout,
		BackoffLimit:          cfg.BackoffLimit,
		TolerateUnschedulable: cfg.RunOnUnscheduledNodes,
		SavePodLog:            cfg.SavePodLog,
		JobServiceAccount:     cfg.JobServiceAccount,
		JobImagePullSecrets:   cfg.JobImagePullSecrets,
		ResultOptional:        cfg.ResultOptional(),
		PodTemplate:           cfg.PodTemplate,
		CallbackName:          host,
		CallbackPort:          cfg.CallbackServicePort,
		CallbackAuth:          cfg.Callback.Auth,
		TokensPerSecret:       cfg.Callback.TokensPerSecret,
	}
}
