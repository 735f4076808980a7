package gauge

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/batch-job-controller/batch-job-controller/controller/config/schema"
)

// The names of the metrics in /metrics besides the results: those of Go, the process, the
// libraries and the controller itself. Two metrics of one name would fail the scrape. Of
// the controller's own metrics only the full names are taken, not their prefix: the
// predecessor's chart sets the prefix batch_job_controller for results.
var (
	foreignTrees = []string{
		"go_", "process_", "promhttp_", "workqueue_", "rest_client_", "leader_election_", "exec_plugin_", "kubernetes_",
	}
	foreignNames = []string{
		"com_github_bakito_batch_job_controller", "registered_metrics_total", "hidden_metrics_total", "disabled_metrics_total",
		"cardinality_enforcement_unexpected_categorizations_total",
	}
	ownNames = []string{
		"callback_denied_total", "callback_duration_seconds", "callback_duration_seconds_bucket", "callback_duration_seconds_count",
		"callback_duration_seconds_sum", "callback_limited_total", "callback_requests_total", "callbacks_forwarded_total",
		"config_last_reload_success_timestamp_seconds", "config_last_reload_successful", "config_needs_restart", "connections_full_total",
		"credentials_redacted_total", "damaged_records", "execution_duration_seconds", "execution_duration_seconds_bucket",
		"execution_duration_seconds_count", "execution_duration_seconds_sum", "executions_closed_total", "executions_queued", "executions_rejected_total", "executions_total", "job_create_errors_total",
		"last_execution_bad_node", "last_execution_id", "last_execution_nodes", "last_execution_timestamp_seconds", "leader", "max_pods",
		"next_tick_timestamp_seconds", "node_tasks_total", "nodecronjob_accepted", "pod_logs_total", "pod_share", "pool_size", "report_store_errors_total", "report_store_free_bytes",
		"report_store_healthy", "report_store_reserved_bytes", "result_samples_total", "series_dropped_total", "slot_refill_seconds",
		"slot_refill_seconds_bucket", "slot_refill_seconds_count", "slot_refill_seconds_sum", "tasks_in_flight", "ticks_missed_total",
		"ticks_skipped_total", "unknown_definitions_full_total",
	}
)

// ownPrefix is the prefix of the controller's own metrics.
const ownPrefix = "batch_job_controller_"

// IsForeign reports whether a metric of this name is or may be another than one of
// the results.
func IsForeign(name string) bool {
	own, isOwn := strings.CutPrefix(name, ownPrefix)
	return (isOwn && slices.Contains(ownNames, own)) || slices.Contains(foreignNames, name) ||
		slices.ContainsFunc(foreignTrees, func(tree string) bool { return strings.HasPrefix(name, tree) })
}

// Check rejects too many gauges, and names that are taken. If the prefix is taken, it
// does not report each gauge.
func Check(f *schema.Findings, path *field.Path, prefix string, gauges map[string]Gauge) {
	if len(gauges) > Max {
		f.Report(field.TooMany(path.Child("gauges"), len(gauges), Max))
	}
	if prefix == "" {
		return
	}
	if IsForeign(prefix + "_") {
		f.Report(field.Invalid(path.Child("prefix"), prefix, fmt.Sprintf(
			"must be another: metrics that begin with %s are those of Go, of the process or of libraries", prefix+"_")))
		return
	}
	for _, name := range slices.Sorted(maps.Keys(gauges)) {
		if full := prefix + "_" + name; IsForeign(full) {
			f.Report(field.Invalid(path.Child("gauges").Key(name), name, fmt.Sprintf(
				"must be another: the metric would be %s, which is one of Go, of the process, of a library or of the controller itself", full)))
		}
	}
}
