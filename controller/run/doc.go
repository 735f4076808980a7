// Package run runs one open execution, from its record to its report.
//
// It knows the record and its ledger, the Jobs of the execution and their pods. Package
// plan decides what is next for each node task. Package run does not know when executions
// are due, which replica leads (it gets a fence), or how results are stored (it gets a
// store).
//
//	execution.go  the execution in memory, and what it is run with
//	restore.go    rebuilds it from the record, the disk and the Jobs
//	run.go        its run: starts the workers and the writer of the record
//	writer.go     the only writer of the record: when it writes, and the event if it cannot
//	swap.go       one compare-and-swap, and what a conflict means
//	share.go      its share of maxPods                        shares.Keeper
//	slots.go      grants free slots to the next tasks         Ledger.Grant
//	task.go       the workers, which try a turn again after an
//	              error; a turn: gather, decide, act          plan.Next
//	create.go     creates its Job                             jobspec.Render
//	verify.go     asks the API server for its Job
//	stop.go       stops its Job
//	end.go        ends it
//	steer.go      what follows from a pause, a resume or a cancel
//	rejection.go  handles a Job that the API server rejects
//	silence.go    asks the API server whether its node is silent
//	orphan.go     asks the API server whether its Job has left a pod
//	inflight.go   waits for a request to create its Job that may still be carried out
//	logs.go       saves the logs of its containers, logWorkers
//	              (execution.go) at once
//	report.go     accepts and notes what its pod reports
//	close.go      after the last task: writes the report, closes the record
//	failures.go   writes events about failed node tasks
//	ending.go     how the run has ended
package run
