// Package run runs one open execution, from its record to its report.
//
// It knows the record and its ledger, the Jobs of the execution and their pods, and
// what is to be done next for each node task, which package plan decides. It does not
// know when executions are due, which replica leads (it is given a fence), or how what
// pods report is stored (it is given that, too).
//
//	execution.go  what is known of the execution, and what it is run with
//	restore.go    all of that from the record, the disk and the Jobs
//	run.go        its run: workers, and the writer of the record
//	writer.go     the only writer of the record: when it is written
//	swap.go       one compare-and-swap, and what a conflict means
//	slots.go      free slots go to the next tasks            Ledger.Grant
//	task.go       one node task's turn: gather, decide, act   plan.Next
//	create.go     its Job is created                          jobspec.Render
//	verify.go     whether its Job exists, by the API server
//	stop.go       its Job is stopped
//	end.go        it has ended
//	rejection.go  its Job is rejected by the API server
//	silence.go    its node is silent
//	orphan.go     its Job is gone, and has left a pod
//	inflight.go   a request to create its Job may still be on its way: until then neither
//	              act (task.go) nor verifyJob ends the task
//	logs.go       the logs of its containers are due
//	report.go     what pods have reported
//	close.go      the last task has ended: the report is written, the record closed
//	failures.go   events about node tasks that failed
//	ending.go     how the run has ended
package run
