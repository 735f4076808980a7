// Package lease makes one replica the leader. It acquires the Lease, runs the leader's
// work while it holds the Lease, and releases the Lease after the work has ended. A
// Fence checks before each write whether this replica may still hold the Lease.
//
// It does not know the work: no execution, no callback, no configuration except the
// timings of the Lease.
package lease
