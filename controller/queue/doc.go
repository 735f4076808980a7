// Package queue has the executions of one definition, of which one is open at a time:
// the others wait, or are history.
//
// It knows which execution is open and what follows when its run ends. It does not know
// when executions are due (package definition), what an execution does (package run),
// or whether this replica leads: it is told when a term begins, and gets a fence.
//
//	queue.go    what is known of the executions
//	run.go      executions are opened, run one after the other, and dropped
//	open.go     an execution is opened, and may be run
//	end.go      the run of an execution has ended: what follows
//	recover.go  all of that from the records, the Jobs and the report directory
//	accept.go   which node tasks may report
package queue
