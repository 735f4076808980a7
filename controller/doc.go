// Package controller is the Manager: it runs the executions of the definitions of one
// process while this replica leads. It decides nothing itself: it wires the packages
// below it together, and passes each call to the one that answers it.
//
// The path of a tick:
//
//	door        Door.Run         sleeps until something is due
//	definition  Ticker.Tick      creates the Execution of a tick      plan.Due
//	            Opener.Open      gives it an ID, selects the nodes,
//	                             opens it                             plan.SelectNodes
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
// Memory may be lost at any instruction: Manager.recover rebuilds it from the execution
// records, the Jobs and the report directory.
//
//	manager.go      the Manager, and its work while it leads
//	wiring.go       the options of the packages below
//	role.go         standby, leading, draining: which replica takes callbacks, and has reports
//	recover.go      rebuilds the executions when a term begins
//	registry.go     the queues of the definitions
//	queues.go       which definitions have a queue, and runs them
//	strays.go       names without a NodeCronJob get a queue, which rejects their Executions by
//	                plan.Decide; prunes rejected ones
//	nodecronjob.go  whether the NodeCronJob of a queue exists, and which results are exported
//	                for it
//	mirror.go       the NodeCronJob of the ConfigMap's definition, and when a term waits for it
//	callbacks.go    which definition a callback is for
//	shares.go       what applies to all definitions: maxPods, and when it is divided again
package controller
