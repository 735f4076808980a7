// Package batchjob is the command kubectl-batchjob: it installs the controller
// without a checkout, and tells how its executions go.
//
//	run.go       the command line, and the exit statuses
//	choice.go    what people want to have installed
//	rendered.go  from the options to the objects, checked
//	fits.go      whether they have what the configuration asks for
//	tool.go      the way to the cluster, and to people
//	find.go      where a controller is installed
//	watch.go     until something is so
//
// and a file for each command.
package batchjob
