// Package notices tells people what happens to one open execution: in events, and at its end
// in the log and the metrics too. That it was opened is told by package definition (text.go).
//
// It knows the object of the execution, what it has told already, and how many events are too
// many. When something has happened is known by the caller, package run or package jobs. It
// must not know a Job's step, the record's writes or the lock of an execution.
//
//	notices.go    the notices of an execution
//	failures.go   the events of node tasks that failed (their reasons and messages: package plan)
//	rejections.go Jobs and a record that the API server rejects
//	steering.go   a pause, a resume or a cancel
//	end.go        the end of the execution
package notices
