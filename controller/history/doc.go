// Package history has the executions of one definition that are not open: those that
// left a record or a report, and those whose records are damaged.
//
// It knows which executions have left a record or a report, and what has to be deleted with each. Package plan
// decides which ones are pruned. Package history does not know how an execution begins,
// runs or ends.
//
//	history.go    which executions have left a record or a report
//	prune.go      prunes what is older than the history       plan.Prune
//	jobs.go       deletes the Jobs of closed executions
//	leftalone.go  whether an execution with a damaged record still has a Job or a pod
//	announce.go   events about damaged records and lost results
package history
