// Package queue keeps track of the executions of one definition. At most one is open at a
// time; the others are history. If records that users edited make several open, they run
// one after the other.
//
// It knows which execution is open and what follows when its run ends. It does not know
// when executions are due (package definition), what an execution does (package run),
// or whether this replica leads: the Manager begins its terms and gives it a fence.
//
//	queue.go    the executions: the open one, those that wait, the history
//	run.go      runs what this replica does while it leads: one execution after the other
//	open.go     takes over an open execution
//	end.go      what follows when the run of an execution has ended
//	recover.go  rebuilds the executions from the records, the Jobs and the report directory
//	accept.go   which node tasks may report; closed and unknown executions
package queue
