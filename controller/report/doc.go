// Package report is the durable store of what executions leave behind.
//
// Each execution has a directory, <reportDirectory>/<executionID>/:
//
//	<node>.json                       the result of a node
//	<node>-<name>                     a file that a node sent
//	<node>-container-<container>.log  a container's log
//	execution.json                    what the execution came to, once it has closed
//
// and <reportDirectory>/latest is a relative link to the newest one. A node
// name may be too long for that: see component.
//
// What a method took is on disk when it returns nil, and a file is there whole
// or not at all: everything is written under another name, made durable and
// then renamed. Names that begin with a dot are unfinished business, and not
// to be served.
//
// One process writes. Others may read at the same time.
package report
