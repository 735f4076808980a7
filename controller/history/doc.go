// Package history has the executions of one definition that are not open: those that
// left a record or a report, and those whose records cannot be read.
//
// It knows which executions there were, when they are to be dropped, which package plan
// decides, and what has to be deleted with them. It does not know how an execution
// begins, runs or ends.
//
//	history.go    which executions there were
//	prune.go      what is older than the history is dropped   plan.Prune
//	jobs.go       the Jobs of closed executions are deleted
//	leftalone.go  executions whose records cannot be read
//	announce.go   events about damaged records and lost results
package history
