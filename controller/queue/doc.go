// Package queue keeps track of the executions of one definition. At most one is open at a
// time; the others are history. If records that users edited make several open, they run
// one after the other.
//
// An execution begins as an Execution that waits: the queue creates those of ticks (package
// definition knows when they are due), and people create others. They are opened or rejected
// one after the other, in the order in which they were created.
//
// It knows which execution is open and what follows when its run ends. It does not know how
// an Execution is opened (package definition), what an execution does (package run), or
// whether this replica leads: the Manager begins its terms and gives it a fence.
//
//	queue.go    the executions: the open one, those that wait, the history
//	run.go      runs what this replica does while it leads: one execution after the other
//	door.go     decides about the Executions that wait, and opens them
//	waiting.go  which Executions wait, and what decides about them
//	line.go     those that wait while another one is open
//	replace.go  stops the open execution, if another one replaces it
//	reject.go   rejects an Execution, and announces that
//	holds.go    which executions keep others from opening: open, damaged or deleted ones
//	save.go     what the state has to say: entries, processed ticks
//	rebuild.go  the state after it was deleted
//	open.go     takes over an open execution
//	end.go      what follows when the run of an execution has ended
//	recover.go  begins a term with what a leader has found: records, Jobs and reports
//	retire.go   ends with its NodeCronJob
//	status.go   what the status of the NodeCronJob says of ticks and executions
//	accept.go   which node tasks may report; closed and unknown executions
package queue
