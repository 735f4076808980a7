// Package metrics holds what /metrics shows.
//
// Results are the gauges the jobs report: they keep what pods sent and collect it,
// under the names and with the help that the users' dashboards know. Metrics
// are the controller's own.
//
//	decode.go    a result is checked against the gauges, down to its label sets
//	text.go      ... and as far as that needs no knowledge of results: size, depth, duplicates
//	reader.go    reads its JSON token by token, with the byte at which something is wrong
//	invalid.go   what is wrong, with its path; hint.go: what was likely meant
//	cover.go     credentials in labels are redacted where they stand
//	merge.go     a result is merged into that of before, and checked again
//	schema.go    the gauges and limits that an execution began with
//	results.go   what is exported of the executions; latest.go: of each node's newest values
//	limits.go    the oldest executions are not exported any more when there are too many series
//	collect.go   Results as a prometheus.Collector; gauge.go: names and help
//	metrics.go   the controller's own metrics, with their labels
//	observe.go   ... are counted and set; preset.go: begin at 0 where labels are known
//	reasons.go   ... which reasons may be labels; last.go: the bad nodes of the last report
//	store.go     ... of the report directory, which is asked at each scrape
//
// Nothing here is registered by itself: two controllers fit into one process,
// each with its own registry.
package metrics
