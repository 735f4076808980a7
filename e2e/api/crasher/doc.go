// Command crasher is the server with two additions. It kills itself at the
// point that CRASH_AT names: there it is as dead as if the machine had failed,
// and what it was about to do next is not done. And it answers for the kubelets
// of simulated nodes, which have no logs.
//
// CRASH_AT is one step, or several that have to happen one after the other, of
// which the last one kills:
//
//	before POST jobs/check-* 3
//	after rename 2*/execution.json, then before PUT configmaps/check-2*/Closed
//
// A step says when, what is done, to what, and how often it has to happen, if
// more than once. What is done is a method of HTTP or an operation of the report
// directory's disk. After a request means that the API server has carried it
// out, and that nobody will read its answer. During is for write and removeall:
// half of it is done.
package main
