package controller

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
	"github.com/batch-job-controller/batch-job-controller/controller/metrics"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// snapshot is a configuration and what was made of it. It is never changed, but
// replaced as a whole.
type snapshot struct {
	config.Config
	schedule plan.Schedule
	// scheduleText tells the schedule from others. Those that applied in this
	// process before it are in scheduleTexts, and schedule knows their ticks too.
	scheduleText  string
	scheduleTexts []string
	// since is when the schedule was changed, or zero if this process began
	// with it.
	since      time.Time
	extensions []jobspec.EnvExtension
}

func newSnapshot(o Options, cfg config.Config) (*snapshot, error) {
	schedule, err := plan.ParseSchedule(cfg.CronExpression, cfg.TimeZone, o.Clock.Now())
	if err != nil {
		return nil, fmt.Errorf("cronExpression: %w", err)
	}
	s := &snapshot{Config: cfg, schedule: schedule, scheduleText: plan.ScheduleText(cfg.CronExpression, cfg.TimeZone)}
	if o.Extensions != nil {
		s.extensions = o.Extensions(cfg)
	}
	return s, nil
}

// config returns the configuration that applies now.
func (c *Controller) config() *snapshot { return c.configured.Load() }

// Config returns the configuration that applies now. That of the Options is the
// one that the process began with.
func (c *Controller) Config() config.Config { return c.config().Config }

// Reconfigure has another configuration apply: for the ticks after now, and for
// the executions that begin from now on. What needs a restart must be as it was.
func (c *Controller) Reconfigure(cfg config.Config) error {
	next, err := newSnapshot(c.Options, cfg)
	if err != nil {
		return err
	}
	old := c.config()
	if cfg.CronExpression == old.CronExpression && cfg.TimeZone == old.TimeZone {
		next.schedule, next.since, next.scheduleTexts = old.schedule, old.since, old.scheduleTexts
	} else {
		next.since = c.Clock.Now()
		next.schedule = plan.Changed(old.schedule, next.schedule, next.since)
		next.scheduleTexts = append(slices.Clone(old.scheduleTexts), old.scheduleText)
	}
	if c.Configured != nil {
		c.Configured(cfg)
	}
	c.configured.Store(next)
	select {
	case c.reconfigured <- struct{}{}:
	default: // it is about to look anyway
	}
	return nil
}

// knowsTicksOf reports whether the ticks since the last one can be told that were
// due while a schedule applied.
func (s *snapshot) knowsTicksOf(scheduleText string) bool {
	return scheduleText == s.scheduleText || slices.Contains(s.scheduleTexts, scheduleText)
}

// intake is what the pods of an execution may report that begins now.
func (s *snapshot) intake() execution.Intake {
	l := s.Callback.Limits
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
	for _, name := range slices.Sorted(maps.Keys(s.Metrics.Gauges)) {
		g := s.Metrics.Gauges[name]
		in.Gauges = append(in.Gauges, execution.Gauge{Name: name, Help: g.Help, Labels: g.Labels})
	}
	return in
}

// intakeOf returns what the pods of an execution may report.
func (c *Controller) intakeOf(p execution.Plan) execution.Intake {
	if p.Settings.Intake != nil {
		return *p.Settings.Intake
	}
	return c.config().intake()
}

// useGauges has the results of an execution checked against the gauges that it
// began with.
func (c *Controller) useGauges(p execution.Plan) {
	in := p.Settings.Intake
	if in == nil {
		return
	}
	c.Results.Use(p.ID, in.Gauges, metrics.Limits{Samples: in.SamplesPerResult, LabelSets: in.LabelSets, LabelValue: in.LabelSize})
}
