// Package queue keeps track of the executions of one definition. At most one is open at a
// time; the others are history. If records that users edited make several open, they run
// one after the other.
//
// An execution begins as an Execution that waits. Package door decides about those, and hands
// over what it has opened.
//
// The queue knows which execution is open and what follows when its run ends. It does not know
// which Execution opens next (package door), what an execution does (package run), or
// whether this replica leads: the Manager begins its terms and gives it a fence.
//
//	queue.go    the executions: the open one, those that wait, the history
//	run.go      runs what this replica does while it leads: one execution after the other
//	running.go  what the door learns of the open execution
//	open.go     takes over an open execution
//	end.go      what follows when the run of an execution has ended
//	recover.go  begins a term with what a leader has found: records, Jobs and reports
//	rebuild.go  the state after it was deleted
//	status.go   what the status of the NodeCronJob says of ticks and executions (package
//	            definitions writes it)
//	accept.go   which node tasks may report; closed and unknown executions
package queue
