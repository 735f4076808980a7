// Package timing has how loops wait, and the time that deadlines are compared with, on a
// machine whose clock a person may set at any moment. It knows neither executions nor the
// cluster.
//
//	sleep.go     waits, and retries
//	earliest.go  of two times, that which is due first
//	steady.go    the time that deadlines are compared with
package timing
