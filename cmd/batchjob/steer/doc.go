// Package steer is the commands that act on NodeCronJobs and Executions: they begin,
// pause, cancel and repeat executions, and list and change definitions. They act with the
// user's own credentials, and reach nothing but the API server: what a user may do is what
// RBAC grants on the two resources, and the audit log has it.
//
// It knows which requests the states of the two kinds allow, and what to say after them. It
// must not know the controller: whether that has accepted a request is in the status of the
// object. How objects are found is in package resources, how they are printed in package
// printing.
//
//	commands.go  the commands of this package, and what they have in common
//	apply.go     the command apply
//	list.go      the commands list and executions
//	gone.go      of which NodeCronJobs only executions are left
//	run.go       the command run: all nodes of a NodeCronJob, or some by name or label
//	rerun.go     the command rerun: the nodes of an execution by their states (package choice)
//	begin.go     what both of them do: creates an execution
//	queue.go     waits until no other is open
//	await.go     waits for it
//	steering.go  the commands pause, resume and cancel, and which states refuse them
//	suspend.go   the commands suspend and unsuspend
//	change.go    how these five change an object; the exit status if its state refuses that
package steer
