// Package process has child processes that do not outlive this one.
//
//	process.go  starts and ends them
//	usage.go    the memory and processor time of a running one
//
// It knows nothing of what they do.
package process
