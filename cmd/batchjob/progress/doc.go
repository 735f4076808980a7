// Package progress describes the progress of a controller's rollout and of its
// executions, and what holds them up. It makes no requests.
//
//	execution.go  Execution: the progress of an execution, by its record
//	status.go     the status of an Execution as users see it: its phase and counts, as text
//	outcomes.go   the nodes of an execution by how their tasks ended
//	pods.go       Pods: which nodes run or do not start, by the pods of an execution
//	pod.go        why a pod is not ready
//	long.go       pods that have run for long
//	stuck.go      the nodes that do not start or run for long, as text
//	rollout.go    Rollout: the progress of a Deployment
//	started.go    when a process of the controller started
//	leader.go     which replica leads, or why none does
//	ticks.go      which ticks were processed
//
// It knows objects that it is given, and the time. It must not know a client, a command
// line or a terminal: packages cluster, resources and watch get the objects, install,
// steer and watch print the texts.
package progress
