package app

import (
	"fmt"
	"strings"
)

// badSchedules are the cron expressions and time zones.
func badSchedules() badInputs {
	cron := func(expression string, says ...string) badConfig {
		return refuseConfig(fmt.Sprintf("cronExpression: %q", expression), append([]string{"cronExpression: Invalid value"}, says...)...)
	}
	return badInputs{
		"C18": {"nothing": cron("", "must not be empty")},
		"C19": {"six fields": cron("* * * * * *", "5 fields"), "four fields": cron("* * * *", "5 fields")},
		"C20": {
			"minute 60":              cron("60 * * * *", "60"),
			"weekday 8":              cron("0 0 * * 8", "8"),
			"a range that goes back": cron("5-1 * * * *", "5-1"),
			"steps of 0":             cron("*/0 * * * *", "step"),
		},
		"C21": {"@reboot": cron("@reboot", "@reboot")},
		"C22": {
			"every second":     cron("@every 1s", "at least 1m0s"),
			"every 0 seconds":  cron("@every 0s", "at least 1m0s"),
			"every -5 seconds": cron("@every -5s", "at least 1m0s"),
		},
		"C23": {"the 31st of February": cron("0 0 31 2 *", "never fires")},
		"C24": {"TZ=": cron("TZ=", "TZ="), "TZ=0": cron("TZ=0", "TZ=0")},
		"C25": {
			"an unknown zone": cron("TZ=Nowhere/X 0 0 * * *", "Nowhere/X"),
			"a known zone":    takeConfig(`cronExpression: "CRON_TZ=UTC 0 0 * * *"`, "write timeZone: UTC"),
		},
		"C26": {
			"a zone on Mars": refuseConfig("timeZone: Mars/Base", "timeZone: Invalid value", "Mars/Base"),
			"the local zone": refuseConfig("timeZone: Local", "timeZone: Invalid value", "IANA"),
		},
		"C27": {"a number": refuseConfig("cronExpression: 5", "cronExpression: Invalid value", "must be text in quotes")},
	}
}

// badMetrics are the metrics.
func badMetrics() badInputs {
	prefix := func(prefix, says string) badConfig {
		return refuseConfig(fmt.Sprintf("metrics: {prefix: %q}", prefix), "metrics.prefix: ", says)
	}
	gauge := func(text, path string, says ...string) badConfig {
		return refuseConfig("metrics: {prefix: bad, gauges: {"+text+"}}", append([]string{"metrics.gauges" + path + ": "}, says...)...)
	}
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	const letters = "must consist of letters"
	return badInputs{
		"C39": {
			"empty":            prefix("", "Required"),
			"a digit in front": prefix("1a", letters),
			"a space":          prefix("a b", letters),
			"a dash":           prefix("a-b", letters),
			"beyond ASCII":     prefix("größe", letters),
		},
		"C61": {
			"the prefix of Go's metrics": prefix("go", "begin with go_"),
			"the prefix of a library's":  prefix("workqueue", "begin with workqueue_"),
			"a name of the controller":   refuseConfig("metrics: {prefix: batch_job_controller, gauges: {leader: {}}}", "metrics.gauges[leader]: ", "batch_job_controller_leader"),
		},
		"C40": {
			"processing":           gauge("processing: {}", "[processing]", "is reserved"),
			"duration":             gauge("duration: {}", "[duration]", "is reserved"),
			"pods":                 gauge("pods: {}", "[pods]", "is reserved"),
			"current_execution_id": gauge("current_execution_id: {}", "[current_execution_id]", "is reserved"),
		},
		"C41": {
			"empty":                   gauge(`"": {}`, "[]", letters),
			"a space":                 gauge("a b: {}", "[a b]", letters),
			"the ending of a counter": takeConfig("metrics: {prefix: bad, gauges: {a_total: {}}}", "_total is the ending of counters"),
		},
		"C42": {"a label twice": gauge("g: {labels: [l, l]}", "[g].labels[1]", "Duplicate value")},
		"C43": {
			"__name__":         gauge("g: {labels: [__name__]}", "[g].labels[0]", "two underscores"),
			"empty":            gauge(`g: {labels: [""]}`, "[g].labels[0]", letters),
			"a dash":           gauge("g: {labels: [a-b]}", "[g].labels[0]", letters),
			"a digit in front": gauge("g: {labels: [1x]}", "[g].labels[0]", letters),
		},
		"C44": {"the labels that there are anyway": takeConfig("metrics: {prefix: bad, gauges: {g: {labels: [executionID, a, node]}}}")},
		"C45": {
			"11 labels":  gauge("g: {labels: ["+many(11, "l%d, ")+"]}", "[g].labels", "Too many", "10"),
			"201 gauges": gauge(many(201, "g%d: {}, "), "", "Too many", "200"),
		},
		"C46": {"null": gauge("g: null", "[g]", "Required value", "or {}")},
	}
}
