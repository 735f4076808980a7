package config

import (
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/config/document"
)

const (
	maxGauges = 200
	maxLabels = 10
)

var (
	metricPrefix = matching(`[a-zA-Z_:][a-zA-Z0-9_:]*`, "must consist of letters, digits, underscores and colons, and not begin with a digit")
	gaugeName    = matching(`[a-zA-Z0-9_:]+`, "must consist of letters, digits, underscores and colons")
	gaugeLabel   = matching(`[a-zA-Z_][a-zA-Z0-9_]*`, "must consist of letters, digits and underscores, and not begin with a digit")

	// The names and labels that the controller sets itself.
	reservedGauges = []string{"current_execution_id", "duration", "pods", "processing"}
	ownLabels      = []string{"node", "executionID"}
)

// matching is the rule of a regular expression. must describes it in words.
func matching(pattern, must string) rule {
	whole := regexp.MustCompile("^(?:" + pattern + ")$")
	return rule{pattern: pattern, problems: func(text string) []string {
		if whole.MatchString(text) {
			return nil
		}
		return []string{must}
	}}
}

// gauges is a mapping of gauges by the names that people choose.
func gauges(to *map[string]Gauge) value {
	return mapOf(to, gauge, "a gauge, called <prefix>_<this name>", func(f *findings, at *field.Path, name string, given any) {
		if slices.Contains(reservedGauges, name) {
			f.report(field.Invalid(at, name, "is reserved: the controller sets the metrics "+strings.Join(reservedGauges, ", ")))
		}
		f.reportAll(at, name, gaugeName.problems(name))
		if strings.HasSuffix(name, "_total") {
			f.warn(at, "_total is the ending of counters, but this is a gauge")
		}
		if given == nil {
			f.report(field.Required(at, "must be a mapping with help and labels, or {}"))
		}
	})
}

func gauge(to *Gauge) value {
	return object(
		key{"help", "", text(&to.Help, "", rule{}), "its help text"},
		key{"labels", "", labels(&to.Labels), "its labels, without node and executionID, which every gauge has"},
	)
}

// labels is a list of label names, without the controller's own.
func labels(to *[]string) value {
	each := &key{value: text(new(string), "", rule{}), help: "name of a label"}
	return value{kind: document.List, target: to, each: each, read: func(f *findings, at *field.Path, given any) {
		*to = nil
		for i, g := range f.list(at, given) {
			at := at.Index(i)
			label, ok := f.text(at, g)
			switch {
			case !ok || slices.Contains(ownLabels, label):
			case strings.HasPrefix(label, "__"):
				f.report(field.Invalid(at, label, "must not begin with two underscores: such labels belong to Prometheus"))
			case len(gaugeLabel.problems(label)) > 0:
				f.reportAll(at, label, gaugeLabel.problems(label))
			case slices.Contains(*to, label):
				f.report(field.Duplicate(at, label))
			default:
				*to = append(*to, label)
			}
		}
		if len(*to) > maxLabels {
			f.report(field.TooMany(at, len(*to), maxLabels))
		}
	}}
}
