// Package record is the durable state in the cluster: the record of each execution, which is
// its Execution with an account and the parts of an immutable plan. Executions are changed by
// compare-and-swap, and parts never.
//
//	record.go    Record and its Store: read, listed, swapped, deleted
//	open.go      an Execution is created, queued, opened, or rejected
//	take.go      an Execution of a person gets the labels of the controller, and one that
//	             another one replaces is canceled
//	losers.go    the parts of plans with which attempts to open an execution lost
//	status.go    the status of an Execution that was opened
//	next.go      what the next write puts into it, and how it follows the spec
//	planparts.go a plan as parts, each for a ConfigMap
//	unpack.go    the plan of an Execution, from its parts
//	schema.go    the schema version, and records of a later one
//	damaged.go   records that no version can read
//
// An execution is opened in three steps: its Execution is created, then the parts of its
// plan, and then its status names the parts and admits the first node tasks. That last step
// decides: before it, the execution has no plan and no node task, and another leader opens it
// with a plan of its own, or rejects it. The names of parts contain a hash of the plan, so
// that leaders with other plans do not meet before.
//
// Records are read and written with requests. A watch only says when to read
// an Execution again: its cache may lack the last writes of the previous leader. With it, a
// new leader could miss an open execution and begin another one beside it, or run a task
// again that has ended and whose Job is deleted. So each leader begins with a list from the API server
// (queue.Queue.recover), and relies only on what it has read and written itself. It is the
// only writer of the status. If another client or a later leader changes an Execution, the
// next write conflicts, and the leader reads it again: if the status is the same, it writes
// again, for the spec as it is then (run.Execution.reread).
//
// The package knows how records are stored, their schema, and which of them are
// unreadable. It knows no Job, no Lease and no decision.
package record
