// Package resources reaches the NodeCronJobs and Executions that a command line names, with
// the user's own credentials.
//
// It knows how a user names these objects, what there is instead of one that does not exist,
// and what an error of the API server means for the user. It must not know any command, what
// a command changes in an object, or how objects are printed.
//
//	client.go     the connection to the cluster
//	find.go       the object that the command line names, or what there is instead; the lists
//	              of both kinds, and their order
//	named.go      what a name means, if it may be that of either kind
//	record.go     what the controller has recorded of an execution
//	complete.go   names for the completion of a shell
//	errors.go     what an error of the API server means for the user
//	requester.go  who asks: the name of the user
package resources
