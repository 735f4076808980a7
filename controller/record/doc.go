// Package record is the durable state in the cluster: the record of each execution, with
// its immutable plan and its account, and the controller's state, with the last tick and
// the newest execution. They are created under computed names, and changed by
// compare-and-swap.
//
//	record.go   Record and its Store: created, read, listed, swapped, deleted
//	read.go     Read: a record without a Store, for clients
//	schema.go   the schema version, and records of a later one
//	damaged.go  records that no version can read
//	state.go    State and its StateStore: which ticks were processed, which execution begins
//
// It knows how they are stored, in which schema, and which of them are unreadable. It
// knows no Job, no Lease and no decision.
package record
