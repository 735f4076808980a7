// Package controller is the Manager: it runs the executions of the definitions of one
// process, as long as this replica leads. It decides nothing by itself, and touches
// only what no other package has.
//
// The way of a tick:
//
//	definition  Ticker.Run       a tick is due                        plan.Due
//	            Opener.Fire      the state says so, and the nodes are
//	                             selected: the record is created      plan.SelectNodes
//	controller  Manager.Adopt    the execution is open
//	run         Execution.Run    its writer gives free slots to       Ledger.NextAccount
//	                             waiting tasks; each task has its
//	                             turns: gather, decide, act           plan.Next, jobspec.Render
//	                             after the last the report is
//	                             written, and the record closed
//	controller  Manager.end      the next one begins; what is older
//	                             than the history is dropped          plan.Prune
//
// The way of a result: callback, then intake Recorder.Result, which asks the Manager
// whether the node task may report (reported.Accept).
//
// Whatever is in memory may be lost at any instruction: recover.go builds it
// anew from the execution records, the Jobs and the report directory.
package controller
