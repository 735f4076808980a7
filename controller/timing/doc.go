// Package timing is how loops wait and which time deadlines are held against, on a
// machine whose clock a person may set at any moment. It knows nothing of executions
// and nothing of the cluster.
//
//	sleep.go   waits, and tries again
//	steady.go  the time that deadlines are held against
package timing
