// Package door decides about the Executions of one definition that wait: it creates those of
// ticks (package definition knows when they are due), notices those that people create, and
// opens or rejects them one after the other, in the order in which they were created.
//
// It knows which Executions wait, and which executions keep them from opening. It knows the
// open execution only by its record, and does not know how an Execution is opened (package
// definition), what runs it, or what the history keeps (package queue).
//
//	door.go     the door, and what it needs to know
//	decide.go   decides about the Executions that wait, one after the other
//	open.go     opens an Execution, which is read before, and tries again after a fault
//	waiting.go  which Executions wait, and what decides about them
//	line.go     those that wait while another one is open
//	replace.go  stops the open execution, if another one replaces it
//	reject.go   rejects an Execution, and announces that
//	holds.go    which executions keep others from opening: open, damaged or deleted ones
//	fate.go     notes what has become of an execution
//	look.go     finds out what has become of an execution that this replica does not run
//	save.go     what the state has to say: entries, processed ticks
//	retire.go   whether the NodeCronJob is gone, and nothing is open or waits: then the door ends,
//	            and with it the queue
package door
