// Package pods reads the pods of an execution.
//
//	pods.go   by phase, with the reasons of those that have failed
//	poller.go those of an open execution, again and again: which run, and which do not start
//
// What the state of a pod means, package progress says.
package pods
