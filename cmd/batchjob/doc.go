// Package batchjob is the command kubectl-batchjob: it installs the controller
// without a checkout, and shows its executions.
//
//	run.go           the command line and the exit statuses
//	selection.go     the flags that select what to install
//	rendered.go      the objects of a selection, validated
//	requirements.go  whether the objects satisfy the configuration
//	tool.go          access to the cluster
//	find.go          where a controller is installed
//	watch.go         polling, and printing of progress
//
// and a file for each command.
package batchjob
