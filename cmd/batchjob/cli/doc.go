// Package cli is what every command of kubectl-batchjob is made of.
//
// It knows the streams, the flags of the kubeconfig, the exit statuses, and how to poll
// until something is done. It does not know any command, nor the controller, nor its
// objects.
//
//	tool.go      the program as it was called: its name, streams and global flags
//	exit.go      the exit statuses, and the errors that carry them
//	poll.go      polling until a condition holds, or until a timeout
//	printer.go   printing of progress, each text once
//	duration.go  durations as text
//	names.go     lists of names as text
//	table.go     tables as text
//	must.go      errors that only a bug can cause
package cli
