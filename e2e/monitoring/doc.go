// Package monitoring tests the alerts and the dashboard of the component monitoring, the
// runbooks, and the page that lists the metrics. Prometheus' own promtool tests whether the
// alerts fire:
//
//	go test -tags e2e ./e2e/monitoring
package monitoring
