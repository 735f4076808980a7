// Package e2e has the tests against real clusters, and the programs that start them. The
// modules below tools have the libraries that only the tests need.
//
//	cluster      a local Kubernetes cluster with real nodes, simulated nodes, or none
//	provider     the cluster for the tests: the built-in one, kind's, or any other
//	deploy       deploys the controller to a cluster as users do
//	suite        tests on real nodes: all documented behavior
//	api          tests on a real API server: recovery, faults, RBAC, scale
//	monitoring   tests of the alerts, the dashboard, and the page of the metrics
//	bench        times an execution over 500 simulated nodes
//	cmd/demo     make demo
//	cmd/cluster  make cluster, make cluster-down
//	cmd/tiers    make test
package e2e
