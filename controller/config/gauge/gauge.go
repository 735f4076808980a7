package gauge

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/config/document"
	"github.com/batch-job-controller/batch-job-controller/controller/config/schema"
	"github.com/batch-job-controller/batch-job-controller/controller/plan"
)

// Bounds of the gauges of a definition.
const (
	Max       = 200
	MaxLabels = 10 // of one gauge
)

// What names consist of.
var (
	Name      = schema.Matching(`[a-zA-Z0-9_:]+`, "must consist of letters, digits, underscores and colons")
	LabelName = schema.Matching(`[a-zA-Z_][a-zA-Z0-9_]*`, "must consist of letters, digits and underscores, and not begin with a digit")
)

// Reserved returns the names, after the prefix, of the metrics that the controller sets itself.
func Reserved() []string { return plan.DerivedMetrics() }

// OwnLabels returns the labels that the controller sets itself.
func OwnLabels() []string { return []string{"node", "executionID"} }

// Gauge is a metric that results set.
type Gauge struct {
	Help   string
	Labels []string // besides OwnLabels
}

// Prefix is the first part of the name of every gauge.
func Prefix(to *string) schema.Value {
	name := schema.Matching(`[a-zA-Z_:][a-zA-Z0-9_:]*`, "must consist of letters, digits, underscores and colons, and not begin with a digit")
	return schema.Text(to, "", name.Required("must be set: every metric begins with it"))
}

// Gauges is a mapping of gauges by the names that people choose.
func Gauges(to *map[string]Gauge) schema.Value {
	return schema.MapOf(to, gauge, "a gauge, called <prefix>_<this name>", func(f *schema.Findings, at *field.Path, name string, given any) {
		if reserved := Reserved(); slices.Contains(reserved, name) {
			f.Report(field.Invalid(at, name, "is reserved: the controller sets the metrics "+strings.Join(reserved, ", ")))
		}
		f.ReportAll(at, name, Name.Problems(name))
		if strings.HasSuffix(name, "_total") {
			f.Warn(at, "_total is the ending of counters, but this is a gauge")
		}
		if given == nil {
			f.Report(field.Required(at, "must be a mapping with help and labels, or {}"))
		}
	})
}

func gauge(to *Gauge) schema.Value {
	return schema.Object(
		schema.KeyOf("help", "", schema.Text(&to.Help, "", schema.Rule{}), "its help text"),
		schema.KeyOf("labels", "", labels(&to.Labels), "its labels, without node and executionID, which every gauge has"),
	)
}

// labels is a list of label names, without the controller's own.
func labels(to *[]string) schema.Value {
	each := &schema.Key{Value: schema.Text(new(string), "", schema.Rule{}), Help: "name of a label"}
	return schema.Value{Kind: document.List, Target: to, Each: each, Read: func(f *schema.Findings, at *field.Path, given any) {
		*to = nil
		for i, g := range f.List(at, given) {
			at := at.Index(i)
			label, ok := f.Text(at, g)
			switch {
			case !ok || slices.Contains(OwnLabels(), label):
			case strings.HasPrefix(label, "__"):
				f.Report(field.Invalid(at, label, "must not begin with two underscores: such labels belong to Prometheus"))
			case len(LabelName.Problems(label)) > 0:
				f.ReportAll(at, label, LabelName.Problems(label))
			case slices.Contains(*to, label):
				f.Report(field.Duplicate(at, label))
			default:
				*to = append(*to, label)
			}
		}
		if len(*to) > MaxLabels {
			f.Report(field.TooMany(at, len(*to), MaxLabels))
		}
	}}
}
