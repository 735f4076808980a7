// Package watch shows the executions of an installed controller, and waits for them.
//
// It knows which execution is meant, what its pods do, and what to do next about it. It
// does not know how a controller was installed, nor what states of pods and executions
// mean, which package progress says. It changes nothing.
//
//	commands.go     the commands of this package, and the exit status for one execution, by its
//	                record and its pods (by its Execution alone: package ending)
//	wait.go         the command wait: waits until an execution closes
//	startup.go      which execution to wait for, and why there is none yet
//	several.go      waits for several executions, by their status; the exit status for them
//	definitions.go  for which executions of several definitions it waits
//	status.go       the command status: the controller and its newest executions
//	selection.go    which executions it shows, and the definitions
//	overview.go     the status of executions as their objects have it
//	text.go         the tables of executions and of nodes to check, and what to do next
//	leader.go       which pod leads
package watch
