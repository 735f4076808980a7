// Package monitoring tests what people watch the controller with: the alerts and
// the dashboard of the component monitoring, the runbooks, and the page that
// lists the metrics. Whether the alerts fire is tested with Prometheus' own
// promtool:
//
//	go test -tags e2e ./e2e/monitoring
package monitoring
