// Package jobs does what is done to the Job of one node task: the caches are searched for it,
// it is created, verified and stopped, and the API server is asked what the caches may not
// show yet.
//
// It knows the plan of one execution, the Jobs of its node tasks and their pods, and what a
// task's steps remember for the next one. Package plan decides which step is next. A step
// returns a Result, and package run does what follows: package jobs must not know the record,
// its ledger, slots, queues or the lock of an execution.
//
//	jobs.go       the Jobs of an execution, and what a step has shown
//	task.go       one node task in its turn, as the caches show it
//	create.go     creates its Job                             jobspec.Render
//	rejection.go  handles a Job that the API server rejects
//	verify.go     asks the API server for its Job
//	stop.go       stops its Job
//	silence.go    asks the API server whether its node is silent
//	orphan.go     asks the API server whether its Job has left a pod
//	inflight.go   ends the task, unless a request may still create its Job
package jobs
