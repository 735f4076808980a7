// Package report is the durable store of reports.
//
// Each execution has a directory, <reportDirectory>/<executionID>/:
//
//	<node>.json                       the result of a node
//	<node>-<name>                     a file that a node sent
//	<node>-container-<container>.log  a container's log
//	execution.json                    the outcome of the execution, once it has closed
//
// <reportDirectory>/latest is a relative link to the newest one. For long node names,
// see component.
//
// When a method returns nil, its data is on disk. A file exists completely or not at
// all: it is written under a temporary name, synced and then renamed. Names that begin
// with a dot are temporary, and must not be served.
//
// One process writes, and others may read at the same time.
package report
