package config

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// schedule takes the cron expression and its time zone, and moves a zone that
// is written before the expression to where it belongs.
func (o *object) schedule(now time.Time) (expression, zone string) {
	expression, isText := o.quoted("cronExpression")
	zone, zoneIsText := o.quoted("timeZone")
	if !isText || !zoneIsText {
		return "", ""
	}
	at := o.child("cronExpression")
	if _, err := plan.ParseTimeZone(zone); err != nil {
		o.report(field.Invalid(o.child("timeZone"), zone, err.Error()))
		zone = ""
	}
	if _, err := plan.ParseSchedule(expression, zone, now); err != nil {
		o.report(field.Invalid(at, expression, err.Error()))
		return "", ""
	}
	prefix, fields := plan.SplitTimeZone(expression)
	if prefix != "" {
		_, zone, _ = strings.Cut(prefix, "=")
		o.warn(at, "the time zone should not be part of the expression: write timeZone: %s", zone)
	}
	if zone == "" {
		zone = defaultTimeZone
	}
	return fields, zone
}
