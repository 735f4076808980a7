// Package record is the durable state in the cluster: the record of each execution, with
// its immutable plan and its account, and the controller's state, with the last tick and
// the newest execution. They are created under computed names, and changed by
// compare-and-swap.
//
//	record.go    Record and its Store: created, read, listed, swapped, deleted
//	read.go      Read: a record without a Store, for clients
//	format.go    the keys of a record's ConfigMap, and their values
//	account.go   the account in the status of an Execution
//	outcomes.go  the outcomes of an account, and the bound on their number
//	counts.go    the nodes of an Execution's status by state
//	planparts.go a plan as parts, each for a ConfigMap
//	unpack.go    the plan of an Execution, from its parts
//	schema.go    the schema version, and records of a later one
//	damaged.go   records that no version can read
//	state.go     State and its StateStore: which ticks were processed, which execution begins
//	shared.go    SharedState: the same for all definitions
//	statetext.go its text
//
// Records and the state are read and written with requests, and never watched. A cache may
// lack the last writes of the previous leader: with it, a new leader could miss an open
// execution and begin another one beside it, or run a task again that has ended and whose
// Job is deleted. So each leader begins with a list from the API server
// (queue.Queue.recover), and relies only on what it has read and written itself. It is the
// only writer. If another client or a later leader changes a record, the next write
// conflicts, and the leader reads the record again (run.Execution.reread). A watch would
// not report the change in time, and would send the whole plan with each change of an
// account.
//
// The package knows how records are stored, their schema, and which of them are
// unreadable. It knows no Job, no Lease and no decision.
package record
