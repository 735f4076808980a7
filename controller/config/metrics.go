package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

var (
	prefixPattern = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)
	suffixPattern = regexp.MustCompile(`^[a-zA-Z0-9_:]+$`)
	labelPattern  = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

	// What the controller names itself.
	reservedGauges = []string{"current_execution_id", "duration", "pods", "processing"}
	ownLabels      = []string{"node", "executionID"}
)

// metrics takes the mapping of the same name.
func (o *object) metrics() Metrics {
	m, ok := o.object("metrics")
	if !ok {
		return Metrics{}
	}
	result := Metrics{Prefix: m.text("prefix", "", required("must be set: every metric begins with it"), isPrefix)}
	m.fixedPort("port", metricsPort)
	gauges, _ := m.object("gauges")
	if len(gauges.values) > maxGauges {
		gauges.report(field.TooMany(gauges.path, len(gauges.values), maxGauges))
	}
	for _, name := range slices.Sorted(maps.Keys(gauges.values)) {
		if result.Gauges == nil {
			result.Gauges = map[string]Gauge{}
		}
		result.Gauges[name] = gauges.gauge(name)
	}
	m.checkNames(result)
	m.close()
	return result
}

func isPrefix(p *field.Path, value string) field.ErrorList {
	if value == "" || prefixPattern.MatchString(value) {
		return nil
	}
	return field.ErrorList{field.Invalid(p, value, "must consist of letters, digits, underscores and colons, and not begin with a digit")}
}

// gauge reads one entry of the mapping of gauges.
func (o *object) gauge(name string) Gauge {
	p := o.path.Key(name)
	o.declareAt(p, declaration{kind: aMapping})
	o.report(isGaugeName(p, name)...)
	if strings.HasSuffix(name, "_total") {
		o.warn(p, "_total is the ending of counters, but this is a gauge")
	}
	value := o.values[name]
	if kindOf(value) == nothing {
		o.report(field.Required(p, "must be a mapping with help and labels, or {}"))
		return Gauge{}
	}
	g, _ := o.mapping(p, value)
	result := Gauge{Help: g.text("help", "")}
	g.declare("labels", declaration{kind: aList})
	if labels, ok := g.take("labels"); ok {
		result.Labels = g.labels(g.child("labels"), labels)
	}
	g.close()
	return result
}

func isGaugeName(p *field.Path, name string) field.ErrorList {
	switch {
	case slices.Contains(reservedGauges, name):
		return field.ErrorList{field.Invalid(p, name, "is reserved: the controller sets the metrics "+strings.Join(reservedGauges, ", "))}
	case !suffixPattern.MatchString(name):
		return field.ErrorList{field.Invalid(p, name, "must consist of letters, digits, underscores and colons")}
	default:
		return nil
	}
}

// labels reads label names, without those that every gauge has anyway.
func (f *findings) labels(p *field.Path, value json.RawMessage) []string {
	var labels []string
	for i, entry := range f.list(p, value) {
		at := p.Index(i)
		label, ok := f.anyText(at, entry)
		switch {
		case !ok || slices.Contains(ownLabels, label):
		case strings.HasPrefix(label, "__"):
			f.report(field.Invalid(at, label, "must not begin with two underscores: such labels belong to Prometheus"))
		case !labelPattern.MatchString(label):
			f.report(field.Invalid(at, label, "must consist of letters, digits and underscores, and not begin with a digit"))
		case slices.Contains(labels, label):
			f.report(field.Duplicate(at, label))
		default:
			labels = append(labels, label)
		}
	}
	if len(labels) > maxLabels {
		f.report(field.TooMany(p, len(labels), maxLabels))
	}
	return labels
}

// fixedPort takes a port that the predecessor let people choose, without
// documenting it. To ignore another one would leave a probe or a scraper
// before a closed door.
func (o *object) fixedPort(key string, port int) {
	if n := o.number(key, port, 0, 65535); n != 0 && n != port {
		o.report(field.Invalid(o.child(key), n, fmt.Sprintf("must be %d: the port cannot be changed", port)))
	}
}
