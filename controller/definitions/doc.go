// Package definitions has the definitions of a process: one for each NodeCronJob of its
// controller. It reads the specs, decides which of them are in effect, and says in each
// NodeCronJob what became of it. It does not know what runs: package definition has the
// schedule and the executions of one of them.
//
// Every replica has the definitions. Only the leader writes: the owner of a NodeCronJob
// that has none, the status, and events.
//
//	definitions.go  the definitions, as the cache of NodeCronJobs changes
//	compile.go      from a NodeCronJob to a definition
//	accept.go       which spec of each NodeCronJob is in effect, and why not the newest
//	lead.go         what only the leader does, and when; the metric of what is accepted
//	adopt.go        which NodeCronJobs belong to this controller: the owner in their labels
//	check.go        whether the API server accepts the Job of a spec
//	status.go       writes the status of NodeCronJobs (its times and executions come from package
//	                queue), and events about them
//	conditions.go   the conditions of a NodeCronJob
package definitions
