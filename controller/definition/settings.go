package definition

import (
	"encoding/json"
	"fmt"

	"github.com/batch-job-controller/batch-job-controller/controller/config"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/jobspec"
)

// The way of a configuration key into a Job: config/keys.go declares it, config.Decode
// decodes it into config.Config, this file freezes it into execution.Settings when an
// execution begins, and jobspec.Render renders the Job from the settings. A key whose
// value an open execution has to keep, whatever the ConfigMap says later, needs a line
// here; one that only selects nodes, in plan.NodePolicy (narrow.go). A key for what pods may report goes into execution.Intake instead, which package
// intake applies.

// settings freezes the definition for an execution whose pods connect to the host,
// with TLS unless tls is nil.
func (d *Definition) settings(host string, tls CallbackTLS) (execution.Settings, error) {
	settings, err := settingsOf(d.Config, host)
	if err != nil {
		return execution.Settings{}, err
	}
	in := d.intake()
	settings.Intake = &in
	if tls != nil {
		settings.CallbackTLS, settings.CABundle = true, tls.CABundle()
	}
	return settings, nil
}

// settingsOf returns the settings that follow from the configuration alone, as
// previews show them.
func settingsOf(cfg config.Config, host string) (execution.Settings, error) {
	var structured json.RawMessage
	if cfg.Template != nil {
		var err error
		if structured, err = json.Marshal(cfg.Template); err != nil {
			return execution.Settings{}, fmt.Errorf("template: %w", err)
		}
	}
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
		Template:              structured,
		CallbackName:          host,
		CallbackPort:          cfg.CallbackServicePort,
		CallbackAuth:          cfg.Callback.Auth,
		TokensPerSecret:       cfg.TokensPerSecret,
	}, nil
}

// podTemplate returns the template of a configuration.
func podTemplate(cfg config.Config) jobspec.Template {
	return jobspec.Template{Text: cfg.PodTemplate, Structured: cfg.Template}
}

// IntakeOf returns what the pods of an execution may report. A record from a version
// that did not freeze it has none: then the definition that applies now decides.
func (d *Definition) IntakeOf(p execution.Plan) execution.Intake {
	if p.Settings.Intake != nil {
		return *p.Settings.Intake
	}
	return d.intake()
}

// intake returns what the pods may report of an execution that begins now.
func (d *Definition) intake() execution.Intake {
	l := d.Intake
	return execution.Intake{
		Gauges:            d.Metrics.Declared(),
		SamplesPerResult:  l.SamplesPerResult,
		LabelSets:         l.LabelSets,
		LabelSize:         l.LabelSize,
		FilesPerTask:      l.FilesPerTask,
		BytesPerTask:      l.BytesPerTask,
		ResultsPerTask:    l.ResultsPerTask,
		EventsPerTask:     l.EventsPerTask,
		EventBurst:        l.EventBurst,
		EventInterval:     l.EventInterval,
		EventsPerSecond:   d.Callback.Limits.EventsPerSecond,
		BytesPerExecution: l.BytesPerExecution,
	}
}
