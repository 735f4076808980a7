// Package metrics holds what /metrics shows.
//
// Results are the gauges the jobs report: [Results.Decode] checks what a pod
// sent against the configured gauges, and Results keeps it and collects it,
// under the names and with the help that the users' dashboards know. Metrics
// are the controller's own.
//
// Nothing here is registered by itself: two controllers fit into one process,
// each with its own registry.
package metrics
