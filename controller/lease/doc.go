// Package lease makes one replica the leader. It competes for the Lease, does the
// leader's work as long as it is held, and gives it back when that work has ended.
// A Fence says before each write whether the Lease can still be held.
//
// It knows nothing of the work: no execution, no callback, no configuration but the
// timings of the Lease.
package lease
