// Package api tests the server with a real API server, etcd and Job controller, and with
// simulated nodes. It tests behavior that a fake client lacks: compare-and-swap, garbage
// collection, quotas, authorization, Leases, and killed processes. It needs Linux, but
// neither root nor Docker:
//
//	go test -tags e2e ./e2e/api
//
// Processes that die or sleep:
//
//	crash_test.go        at each step: crashes has the steps; package crasher kills
//	                     (maxpods_test.go: the steps of a share; deaths_test.go: how it dies)
//	kill_test.go         at random moments of an execution of everything
//	soak_test.go         leaders, a thousand times; manysoak_test.go: under one cap, and asleep
//	leader_test.go       leaders that stop, or sleep through their Lease
//	outage_test.go       the Lease, or all replicas, are gone
//	metrics_test.go      the metrics after a kill
//	everything_test.go   an execution with every way that a pod ends
//	invariants_test.go   what must hold meanwhile
//
// An API server that is away, slow or wrong: misbehaving_test.go. What it rejects:
// refusal_test.go, quota_test.go.
//
// Nodes, and what users do:
//
//	nodes_test.go, selection_test.go, names_test.go, pool_test.go
//	meddling_test.go, reload_test.go, reschedule_test.go, upgrade_test.go, uninstall_test.go
//
// Callbacks and credentials:
//
//	callback_test.go, address_test.go, standby_test.go, strangers_test.go
//	tokens_test.go, lostkey_test.go, leak_test.go, tls_test.go
//
// Objects and docs: manifests_test.go, permissions_test.go, catalogue_test.go. What users
// may do: userroles_test.go. An overlay on an empty cluster: apply_test.go.
package api
