// Package api tests the server with a real API server, etcd and Job controller, and with
// simulated nodes. It tests behavior that a fake client lacks: compare-and-swap, garbage
// collection, quotas, authorization, Leases, and killed processes. It needs Linux, but
// neither root nor Docker:
//
//	go test -tags e2e ./e2e/api
package api
