// Command crasher is the server with two additions. It kills itself at the step in CRASH_AT,
// as abruptly as a machine failure would. And it returns the logs of pods on simulated
// nodes, which have no kubelet.
//
// A test sets CRASH_AT (see crashes in e2e/api/crash_test.go). It is one step, or several
// that have to happen one after the other. The last one kills the server:
//
//	before POST jobs/check-* 3
//	after rename 2*/execution.json, then before PUT executions/check-2*/status/Closed
//
// A step consists of a time, an action, a target, and a count if the step has to happen more
// than once. An action is an HTTP method, or an operation on the disk of the report
// directory. "after" a request means that the API server has carried it out, and that the
// server does not read the response. "during" is for write and removeall: half of the
// operation is done.
package main
