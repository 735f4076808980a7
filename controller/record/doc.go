// Package record is the durable state in the cluster: the record of each execution, with
// its immutable plan and its account, and the controller's state, with the last tick and
// the newest execution. They are created under computed names, and changed by
// compare-and-swap.
//
//	record.go   Record and its Store: created, read, listed, swapped, deleted
//	read.go     Read: a record without a Store, for clients
//	format.go   the keys of a record's ConfigMap, and their values
//	schema.go   the schema version, and records of a later one
//	damaged.go  records that no version can read
//	state.go    State and its StateStore: which ticks were processed, which execution begins
//
// Records and the state are read and written with requests, and never watched. A cache
// may be of before the last writes of the leader that this one replaces. By it, a new
// leader would not see an execution that is open and begin another one beside it, or
// would run a task again that has ended and whose Job is gone. So each leader begins with
// a list from the API server (queue.Queue.recover), and goes by what it has read
// and written itself. It is the only writer. A change by another client, or by a leader
// that took over, is a conflict at its next write: it then reads that record again
// (run.Execution.reread). A watch would tell it nothing in time, and would send the whole
// plan with each change of an account.
//
// It knows how they are stored, in which schema, and which of them are unreadable. It
// knows no Job, no Lease and no decision.
package record
