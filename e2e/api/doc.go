// Package api tests the server against a real API server, etcd and Job
// controller, and simulated nodes. It is the tier for what a fake client hides:
// compare-and-swap, garbage collection, quotas, authorization, Leases, and
// processes that are killed. It needs Linux, but neither root nor Docker:
//
//	go test -tags e2e ./e2e/api
package api
