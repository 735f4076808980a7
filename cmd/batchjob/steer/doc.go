// Package steer is the commands that act on NodeCronJobs and Executions: they begin,
// pause, cancel and repeat executions, and list and change definitions. They act with the
// user's own credentials, and reach nothing but the API server: what a user may do is what
// RBAC grants on the two resources, and the audit log has it.
//
// It knows the two kinds, and which requests their states allow. It does not know the
// controller: whether that has accepted a request is in the status of the object.
//
//	commands.go   the commands of this package, and the connection to the cluster
//	apply.go      the command apply; manifest.go: what a file has, and what is wrong in it
//	list.go       the commands list and executions
//	run.go        the command run; preview.go: the nodes that it would run on
//	rerun.go      the command rerun: the nodes of an execution by their states
//	begin.go      what both of them do: creates an execution
//	requester.go  who asks for it
//	await.go      waits for it; progress.go: how far it is, as text
//	steering.go   the commands pause, resume and cancel
//	suspend.go    the commands suspend and unsuspend
//	change.go     how these five change an object
//	find.go       the object that the command line names, or what there is instead
//	errors.go     what an error of the API server means for the user
//	print.go      objects in the formats of kubectl; columns.go: their tables
//	complete.go   names and states for the completion of a shell
package steer
