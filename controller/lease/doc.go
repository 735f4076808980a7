// Package lease makes one replica the leader. It acquires the Lease, runs the leader's
// work while it holds the Lease, and releases the Lease after the work has ended. A
// Fence checks before each write whether this replica may still hold the Lease, and gives the
// write a context that ends with it.
//
//	lead.go      Lead: acquires, renews and releases the Lease, with its timings: term.run begins
//	             and ends a term, term.lead runs its work; Follow: only reads it
//	fence.go     Fence: the check before each write, and its context
//	identity.go  the holder of a Lease: replica, ConfigMap and address
//	wait.go      what was last seen of the Lease, and the event NoLeader
//
// It does not know the work: no execution, no callback, no configuration except the
// timings of the Lease.
package lease
