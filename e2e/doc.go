// Package e2e holds the tests against real clusters, and what starts them.
// What it needs beyond the controller's own libraries is in modules below
// tools.
//
//	cluster      a Kubernetes of this machine's own: real nodes, simulated ones, or none
//	provider     a cluster to work on: the built-in one, kind's, or any
//	deploy       the controller on a cluster, as users put it there
//	suite        tests on real nodes: all that users were promised
//	api          tests on a real API server: recovery, faults, RBAC, scale
//	monitoring   tests of the alerts, the dashboard, and the page of the metrics
//	bench        an execution over 500 simulated nodes, timed
//	cmd/demo     make demo
//	cmd/cluster  make cluster, make cluster-down
//	cmd/tiers    make test
package e2e
