package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// What /metrics has besides the results: of Go, of the process, of the libraries,
// and of the controller itself. Two metrics of one name would spoil it.
var (
	foreignTrees = []string{
		"batch_job_controller_", "go_", "process_", "promhttp_", "workqueue_", "rest_client_", "leader_election_", "exec_plugin_", "kubernetes_",
	}
	foreignNames = []string{
		"com_github_bakito_batch_job_controller", "registered_metrics_total", "hidden_metrics_total", "disabled_metrics_total",
		"cardinality_enforcement_unexpected_categorizations_total",
	}
)

// IsForeignMetric reports whether a metric of this name is not one of the results,
// or may not be one.
func IsForeignMetric(name string) bool {
	return slices.Contains(foreignNames, name) ||
		slices.ContainsFunc(foreignTrees, func(tree string) bool { return strings.HasPrefix(name, tree) })
}

// checkNames refuses names that are taken: all at once where it is the prefix.
func (o *object) checkNames(m Metrics) {
	if m.Prefix == "" {
		return
	}
	if IsForeignMetric(m.Prefix + "_") {
		o.report(field.Invalid(o.child("prefix"), m.Prefix, fmt.Sprintf(
			"must be another: metrics that begin with %s are those of Go, of the process, of libraries or of the controller itself", m.Prefix+"_")))
		return
	}
	for _, name := range slices.Sorted(maps.Keys(m.Gauges)) {
		if full := m.Prefix + "_" + name; IsForeignMetric(full) {
			o.report(field.Invalid(o.child("gauges").Key(name), name, fmt.Sprintf(
				"must be another: the metric would be %s, and names like it are those of Go, of the process, of libraries or of the controller itself", full)))
		}
	}
}
