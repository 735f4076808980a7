// Package intake takes over what the pods of executions report: it checks results,
// files and events, keeps them within what each node task may send, stores them, and
// exports the results.
//
// It knows node tasks by their key. Whether a node task may report, and what comes of
// it that it has, is for the Executions that it is given to say; which replica leads,
// for the Replica. Nothing is acknowledged before it is durable.
//
//	recorder.go  a result, a file or an event of a pod, from its check to its answer
//	merge.go     a result is merged into that of before, and stored
//	claim.go     the claim under which a replica replaces results
//	budget.go    how much the pods of an execution may send
//	results.go   what is exported of an execution's results
//	rebuild.go   all of that after a restart, from the disk
//	losses.go    stored results that are gone
//	locks.go     one result of a node after the other
//	store.go     what it needs of the report directory
package intake
