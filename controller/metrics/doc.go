// Package metrics has the metrics of /metrics.
//
// Exports stores what pods have sent, and exports it as gauges, under the
// predecessor's names and HELP texts, which dashboards use. It has a Results for each
// definition. Metrics are the controller's own; those of a definition have its name as a
// label (Definition).
//
//	decode.go      validates a result against the gauges, including its label sets
//	text.go        validates size, depth and syntax, without knowledge of results
//	reader.go      reads JSON token by token, with positions for errors
//	invalid.go     builds an error of its path and its text
//	hint.go        errors that also say what was probably meant
//	redact.go      redacts credentials in labels
//	merge.go       merges a result into the earlier one, and validates it again
//	schema.go      the gauges and limits at the start of an execution
//	exports.go     the results of all definitions, found by the ID of an execution
//	results.go     the exported samples; latest.go: those of each node's newest values
//	share.go       what a node contributes to an execution
//	limits.go      the limits and their defaults: decode.go enforces those of a result on
//	               what was sent (its size in text.go), merge.go on the merged result;
//	               merge.go and dropseries.go enforce the limit on all series
//	dropseries.go  drops the series of the oldest executions of all definitions if there are
//	               too many
//	collect.go     Results as a prometheus.Collector; gauge.go: names and help
//	metrics.go     the controller's own metrics, with their labels and buckets
//	observe.go     counts and sets those of the process, definition.go those of a
//	               definition; the callers are below
//	preset.go      starts them at 0 where labels are known
//	reasons.go     which reasons may be labels; last.go: the bad nodes of the last reports
//	store.go       metrics of the report directory, read at each scrape
//
// The methods of definition.go are called where the fact arises: definition/open.go
// (executions that open, and their skipped nodes), run and notices/end.go (node tasks that
// end, executions that close, the pool and the share), run/logs.go (saved logs), jobs (Jobs that
// could not be created), history (damaged records), queue (Forget), door (Executions that wait
// or are rejected), definition (ticks). Those of observe.go are called by follow (the
// configuration), definitions/lead.go (whether a NodeCronJob is accepted) and package
// controller (maxPods). Each declares the methods that it uses as an interface. Package
// cmd/app passes those about callbacks to package callback.
//
// Nothing registers itself: two controllers fit into one process,
// each with its own registry.
package metrics
