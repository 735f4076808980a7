// Package intake takes the results, files and events that the pods of executions send. It
// checks them, limits how much each node task may send, stores them, and exports the
// results. Nothing is acknowledged before it is durable.
//
// The package identifies node tasks by their key. The interface Executions decides whether
// a node task may report, and learns what it has sent; Replica says whether this replica
// leads.
//
//	recorder.go  a result, a file or an event of a pod, from its check to its response
//	merge.go     has a result merged into the stored one (metrics/merge.go), one after the other
//	             for each node task, and stores it
//	claim.go     the claim under which a replica replaces results
//	budget.go    locks plan.Budget, which counts, and gives it the execution's limits
//	results.go   Results: what is exported of the stored results
//	rebuild.go   exports the stored results after a restart, without the plans of closed
//	             executions: the report directory says what each is
//	losses.go    stored results that are missing or unreadable
//	locks.go     a lock for each node task: its results are merged one by one
//	store.go     the part of the report directory that this package uses
package intake
