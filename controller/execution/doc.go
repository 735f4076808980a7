// Package execution is the project's vocabulary and its state: executions, their
// node tasks, and the state of each. It has no client, no clock and no goroutine,
// and imports only the standard library: every other package may import it.
//
// An execution is one firing of the schedule. Its Plan is stored once and never
// changes. Its Account holds the admitted, created and ended node tasks, and grows
// by compare-and-swap. Both together are the execution record, from which any
// replica can continue at any moment. A Ledger is the record plus what the leader
// has observed since: a cache that may be dropped at any instruction.
//
//	plan.go       what an execution begins with; account.go: what changes
//	ledger.go     the account, and what was observed since it was written; Grant: which
//	              admitted tasks get a slot, at most podPoolSize
//	admission.go  which tasks are admitted next, ahead of their slots or within a share, and
//	              none of a paused execution (tests: those of the Ledger);
//	              cancel.go: which never will be; urgency.go: how soon to write
//	id.go         IDs; firing.go: why an execution begins
//	task.go       a node task; verdict.go: whether it is good
//	indexes.go    sets of tasks, as text
//	report.go     the outcome of an execution; about.go: what it is, beside its results
//	intake.go     what pods may send; callback.go, limit.go: errors about it
//	hint.go       hints at common mistakes in JSON
package execution
