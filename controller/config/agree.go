package config

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/config/gauge"
	"github.com/batch-job-controller/batch-job-controller/controller/config/schema"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// agreeOnController checks keys of the controller against each other. Values that have
// worked may only cause a warning, until they were deprecated: docs/versioning.md.
func agreeOnController(f *schema.Findings, c *Controller) {
	callback, reports := field.NewPath("callback"), field.NewPath("reports")
	if c.Callback.Auth == execution.NoAuth {
		f.Warn(callback.Child("auth"), "with none every pod that reaches the callback port can report for every node")
	}
	agreeOnTLS(f, callback, &c.Callback.TLS)
	agreeOnTLS(f, reports, &c.Reports.TLS)
	if c.Reports.Auth == ReportsServiceAccountToken && !c.Reports.TLS.On() {
		f.Warn(reports.Child("tls"), "is off: clients send their tokens to the report port in plain text")
	}
}

// agreeOnDefinition checks keys of a definition below a path against each other, and the
// schedule at a time.
func agreeOnDefinition(f *schema.Findings, at *field.Path, d *Definition, now time.Time) {
	agreeOnSchedule(f, at, d, now)
	gauge.Check(f, at.Child("metrics"), d.Metrics.Prefix, d.Metrics.Gauges)
}

// agreeOnSchedule checks the cron expression in its time zone, and moves a time zone prefix of
// the expression to TimeZone.
func agreeOnSchedule(f *schema.Findings, below *field.Path, d *Definition, now time.Time) {
	at, zoneAt := below.Child("cronExpression"), below.Child("timeZone")
	if f.Has(at) || f.Has(zoneAt) {
		return
	}
	if _, err := plan.ParseTimeZone(d.TimeZone); err != nil {
		f.Report(field.Invalid(zoneAt, d.TimeZone, err.Error()))
		d.TimeZone = ""
	}
	if _, err := plan.ParseSchedule(d.CronExpression, d.TimeZone, now); err != nil {
		f.Report(field.Invalid(at, d.CronExpression, err.Error()))
		return
	}
	prefix, fields := plan.SplitTimeZone(d.CronExpression)
	if prefix != "" {
		_, d.TimeZone, _ = strings.Cut(prefix, "=")
		f.Warn(at, "the time zone should not be part of the expression: write timeZone: %s", d.TimeZone)
	}
	if d.TimeZone == "" {
		d.TimeZone = "UTC"
	}
	d.CronExpression = fields
}

// agreeOnTLS checks the keys tls and tlsSecret of a mapping.
func agreeOnTLS(f *schema.Findings, path *field.Path, t *TLS) {
	at := path.Child("tlsSecret")
	switch {
	case t.Mode == TLSSecret && t.Secret == "":
		f.Report(field.Required(at, "must be the name of the Secret, since tls is secret"))
	case t.Mode != TLSSecret && t.Secret != "":
		f.Warn(at, "has no effect: tls is %s", t.Mode)
		t.Secret = ""
	}
}
