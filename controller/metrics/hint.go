package metrics

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/batch-job-controller/batch-job-controller/controller/execution"
)

// unknownGauge is a gauge that is not configured, with what was likely meant.
func (d *decoder) unknownGauge(name string) error {
	return invalid(d.member("", name), "is not a configured gauge: must be one of %s%s", d.gaugeNames(), d.likelyGauge(name))
}

func (d *decoder) likelyGauge(name string) string {
	if slices.Contains([]string{"warning", "reason", "message", "args"}, name) {
		return ". It looks like an event: events go to the URL in CALLBACK_SERVICE_EVENT_URL"
	}
	likely, why := "", ""
	for known := range d.gauges {
		switch {
		case len(known) <= len(likely):
		case strings.EqualFold(known, name):
			likely, why = known, ". It must be written as "+quote(known)
		case strings.HasSuffix(name, "_"+known):
			likely, why = known, ". The prefix is put in front of it later: must be "+quote(known)
		}
	}
	return why
}

// bareNumber refuses a number where the samples of a gauge belong.
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

// notANumber is a value that is none, with what would be right.
func notANumber(path string, token json.Token) error {
	if text, ok := token.(string); ok && len(text) <= maxQuoted {
		if _, err := strconv.ParseFloat(text, 64); err == nil && json.Valid([]byte(text)) {
			return invalid(path, "must be a number, not text: must be %s without quotes", text)
		}
	}
	return invalid(path, "must be a number, not %s", kindOf(token))
}

// notAText is a label's value that is none, with what would be right.
func notAText(path string, token json.Token) error {
	if n, ok := token.(json.Number); ok {
		return invalid(path, "must be text, not a number: must be %s in quotes", quote(n.String()))
	}
	return invalid(path, "must be text, not %s", kindOf(token))
}

// withHint adds to an error about JSON what the text is likely to be.
func withHint(problem string, body []byte) string {
	if hint := execution.WhyNotJSON(body); hint != "" {
		return problem + ": " + hint
	}
	return problem
}
