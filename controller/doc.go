// Package controller is the Manager: it runs the executions of the definitions of one
// process, as long as this replica leads. It decides nothing by itself: it wires the
// packages below it together, and says which of them is asked.
//
// The way of a tick:
//
//	definition  Ticker.Run       a tick is due                        plan.Due
//	            Opener.Fire      the state says so, and the nodes are
//	                             selected: the record is created      plan.SelectNodes
//	queue       Queue.Adopt      the execution is open
//	run         Execution.Run    its writer gives free slots to       Ledger.NextAccount
//	                             waiting tasks; each task has its
//	                             turns: gather, decide, act           plan.Next, jobspec.Render
//	                             after the last the report is
//	                             written, and the record closed
//	queue       Queue.end        the next one begins
//	history     History.prune    what is older than the history is
//	                             dropped                              plan.Prune
//
// The way of a result: callback, then intake Recorder.Result, which asks the Manager
// whether the node task may report (reported.Accept).
//
// Whatever is in memory may be lost at any instruction: Queue.Recover builds it
// anew from the execution records, the Jobs and the report directory.
//
//	manager.go    the Manager, and its work while it leads
//	wiring.go     what each of the packages below gets
//	role.go       standby, leading, draining: which replica takes callbacks
//	callbacks.go  which definition a callback is for
//	slots.go      how many slots each definition gets
package controller
