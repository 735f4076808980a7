// Package controller is the Manager: it runs the executions of the definitions of one
// process while this replica leads. It decides nothing itself: it wires the packages
// below it together, and passes each call to the one that answers it.
//
// The path of a tick:
//
//	definition  Ticker.Run       a tick is due                        plan.Due
//	            Opener.Fire      writes it into the state, selects
//	                             the nodes, creates the record        plan.SelectNodes
//	queue       Queue.Adopt      the execution is open
//	run         Execution.Run    its writer gives free slots to       Ledger.NextAccount
//	                             waiting tasks; each task has its
//	                             turns: gather, decide, act           plan.Next, jobspec.Render
//	                             after the last task, it writes the
//	                             report and closes the record
//	queue       Queue.end        takes over the next execution
//	history     History.prune    drops what is older than the history plan.Prune
//
// The path of a result: callback, then intake Recorder.Result, which asks the Manager
// (callbacks.go) and by it Queue.Accept whether the node task may report.
//
// Memory may be lost at any instruction: queue.Queue.recover rebuilds it from the execution
// records, the Jobs and the report directory.
//
//	manager.go    the Manager, and its work while it leads
//	wiring.go     the options of the packages below
//	role.go       standby, leading, draining: which replica takes callbacks
//	registry.go   the queues of the definitions, and which has an execution
//	callbacks.go  which definition a callback is for
//	shares.go     maxPods, and when it is divided again
package controller
