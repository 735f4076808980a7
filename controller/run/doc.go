// Package run runs one open execution, from its record to its report.
//
// It knows the record and its ledger, whose turn it is, and what follows from a turn. Package
// plan decides what is next for each node task, package jobs does it to its Job, and package
// notices tells people. Package run does not know when executions are due, which replica
// leads (it gets a fence), or how results are stored (it gets a store).
//
//	execution.go  the execution in memory, and what it is run with
//	restore.go    rebuilds it from the record, the disk and the Jobs
//	run.go        its run: starts the workers and the writer of the record; the pauses
//	              after a turn that failed
//	writer.go     the only writer of the record: when it writes, and the event if it cannot
//	swap.go       one compare-and-swap, and what a conflict means: another
//	              client wrote, or this run did, and the response was lost
//	share.go      its share of maxPods                        shares.Keeper
//	slots.go      grants free slots to the next tasks         Ledger.Grant
//	task.go       the workers, which try a turn again after an
//	              error (how soon: run.go); a turn: gather,
//	              decide, act                                 jobs.Look, plan.Next
//	end.go        ends the task
//	steer.go      what follows from a pause, a resume or a cancel (Drain,
//	              Stop)
//	logs.go       has the logs of its containers saved, once (at its
//	              end: end.go; before a stop: package plan),
//	              logWorkers (execution.go) at once           podlogs.Saver
//	report.go     accepts and notes what its pod reports
//	close.go      after the last task: writes the report, closes the record
//	ending.go     how the run has ended
package run
