// Package record is what survives in the cluster: the record of each execution, an
// immutable plan and the account of its node tasks, and the state, which remembers
// the last tick and the newest execution. Each is created by a name that it can
// have once, and changed by compare-and-swap.
//
// It knows how they are stored, in which schema, and which of them cannot be read. It
// does not know what follows from them: no Job, no Lease, no decision.
package record
