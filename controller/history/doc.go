// Package history keeps track of the executions of one definition that are not open: those
// that have left a record or a report.
//
// It knows what has to be deleted with each execution. Package plan decides which ones are
// pruned. Package history does not know how an execution begins, runs or ends.
//
//	history.go    which executions have left a record or a report
//	prune.go      Run prunes on request, and again while something is left: plan.Prune
//	              says which executions, quiesced whether no request for them is in
//	              transit any more, drop deletes one; its Jobs go with its record
//	jobs.go       deletes the Jobs of closed executions, of which the record stays: plan.Prune
//	              says which
//	losers.go     deletes plans that no execution uses, and all but the newest executions
//	              that were rejected
//	mayrun.go     whether a Job or a pod of an execution may run
//	announce.go   events about damaged records and lost results
package history
