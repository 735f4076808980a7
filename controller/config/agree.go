package config

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/config/schema"
	"github.com/batch-job-controller/batch-job-controller/controller/execution"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// agree checks keys against each other, and the schedule at a time.
func agree(f *schema.Findings, c *Config, now time.Time) {
	agreeOnSchedule(f, c, now)
	callback, reports := field.NewPath("callback"), field.NewPath("reports")
	if c.Callback.Auth == execution.NoAuth {
		f.Warn(callback.Child("auth"), "with none every pod that reaches the callback port can report for every node")
	}
	agreeOnTLS(f, callback, &c.Callback.TLS)
	agreeOnTLS(f, reports, &c.Reports.TLS)
	if c.Reports.Auth == ReportsServiceAccountToken && !c.Reports.TLS.On() {
		f.Warn(reports.Child("tls"), "is off: clients send their tokens to the report port in plain text")
	}
	checkMetrics(f, field.NewPath("metrics"), c.Metrics)
}

// agreeOnSchedule checks the cron expression in its time zone, and moves a time zone prefix of
// the expression to TimeZone.
func agreeOnSchedule(f *schema.Findings, c *Config, now time.Time) {
	at, zoneAt := field.NewPath("cronExpression"), field.NewPath("timeZone")
	if f.Has(at) || f.Has(zoneAt) {
		return
	}
	if _, err := plan.ParseTimeZone(c.TimeZone); err != nil {
		f.Report(field.Invalid(zoneAt, c.TimeZone, err.Error()))
		c.TimeZone = ""
	}
	if _, err := plan.ParseSchedule(c.CronExpression, c.TimeZone, now); err != nil {
		f.Report(field.Invalid(at, c.CronExpression, err.Error()))
		return
	}
	prefix, fields := plan.SplitTimeZone(c.CronExpression)
	if prefix != "" {
		_, c.TimeZone, _ = strings.Cut(prefix, "=")
		f.Warn(at, "the time zone should not be part of the expression: write timeZone: %s", c.TimeZone)
	}
	if c.TimeZone == "" {
		c.TimeZone = "UTC"
	}
	c.CronExpression = fields
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
