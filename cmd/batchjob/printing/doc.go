// Package printing prints NodeCronJobs and Executions: as the tables of kubectl get, and in
// the formats of kubectl.
//
// It knows the flags of kubectl for output, and the columns of the two kinds. It must not
// know a client, nor which command prints: the words for the state of an execution are in
// package progress.
//
//	output.go   the flags, the formats, and objects in them
//	columns.go  the tables of both kinds
package printing
