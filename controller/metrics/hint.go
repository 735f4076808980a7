package metrics

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// unknownGauge is the error of a gauge that is not configured, with a hint.
func (d *decoder) unknownGauge(name string) error {
	return invalid(d.member("", name), "is not a configured gauge: must be one of %s%s", d.gaugeNames(), d.likelyGauge(name))
}

func (d *decoder) gaugeNames() string {
	names := slices.Sorted(maps.Keys(d.gauges))
	if len(names) == 0 {
		return "none, because no gauges are configured"
	}
	return strings.Join(names, ", ")
}

func (d *decoder) likelyGauge(name string) string {
	if slices.Contains([]string{"warning", "reason", "message", "args"}, name) {
		return ". This looks like an event: send events to the URL in CALLBACK_SERVICE_EVENT_URL"
	}
	likely, why := "", ""
	for known := range d.gauges {
		switch {
		case len(known) <= len(likely):
		case strings.EqualFold(known, name):
			likely, why = known, ". It must be written as "+quote(known)
		case strings.HasSuffix(name, "_"+known):
			likely, why = known, ". The controller adds the prefix: must be "+quote(known)
		}
	}
	return why
}

// bareNumber rejects a number in place of the samples of a gauge.
func (d *decoder) bareNumber(path string) error {
	token, err := d.next()
	if err != nil {
		return err
	}
	if n, ok := token.(json.Number); ok {
		return invalid(path, `is a number: must be a list such as [{"value": %.32s}]`, n)
	}
	d.peeked, d.hasPeeked = token, true
	return nil
}

// notANumber is the error of a value that is not a number, with a hint.
func notANumber(path string, token json.Token) error {
	if text, ok := token.(string); ok && len(text) <= maxQuoted {
		if _, err := strconv.ParseFloat(text, 64); err == nil && json.Valid([]byte(text)) {
			return invalid(path, "must be a number, not text: must be %s without quotes", text)
		}
	}
	return invalid(path, "must be a number, not %s", kindOf(token))
}

// notAText is the error of a label value that is not text, with a hint.
func notAText(path string, token json.Token) error {
	if n, ok := token.(json.Number); ok {
		return invalid(path, "must be text, not a number: must be %s in quotes", quote(n.String()))
	}
	return invalid(path, "must be text, not %s", kindOf(token))
}

// withHint adds a hint to an error about JSON.
func withHint(problem string, body []byte) string {
	if hint := execution.WhyNotJSON(body); hint != "" {
		return problem + ": " + hint
	}
	return problem
}
