// Package report is the durable store of reports.
//
// Each execution has a directory, <reportDirectory>/<executionID>/:
//
//	<node>.json                       the result of a node
//	<node>-<name>                     a file that a node sent
//	<node>-container-<container>.log  a container's log
//	execution.json                    the outcome of the execution, once it has closed
//	.about.json                       what the execution is: its definition, its gauges
//
// <reportDirectory>/latest is a relative link to the newest one over all nodes, also while
// that execution is open. For long node names, see component.
//
// When a method returns nil, its data is on disk. A file exists completely or not at
// all: it is written under a temporary name, synced and then renamed. Names that begin
// with a dot are temporary or the controller's own, and must not be served.
//
// One process writes, and others may read at the same time.
//
//	store.go      Store: opens the directory
//	save.go       saves a file of an execution durably
//	write.go      writes files under temporary names; read.go: reads files
//	directory.go  begins the directory of an execution; drop.go: deletes it
//	about.go      what an execution is; execution.go: its report
//	result.go     the results of nodes; claim.go: which replica may replace them
//	upload.go     the files of nodes; files.go: the names that pods chose: rejected, encoded or
//	              cut (maxFileName)
//	log.go        the logs of containers
//	component.go  the names of results, files and logs on disk: each belongs to one node only,
//	              also if that has a long name
//	latest.go     the link to the newest execution
//	usage.go      the size of the files that nodes have sent
//	reserve.go    what must stay free for files (more) and for logs (less); results are not
//	              checked
//	health.go     whether writes succeed, and how much space is free, for metrics and alerts
//	sweep.go      what a process that died has left
//	syncer.go     one fsync of a directory for all that wait for it
//	disk.go       Disk: what the store needs of a file system, and that of the
//	              operating system; free_unix.go, free_other.go: its free space
//
// It knows names, bytes and the disk. It must not know the cluster, the Lease, what a
// result says, how much a node may send, or which executions are old:
// metrics knows what a result says, intake how much a node may send, plan which executions
// are old. Whether enough space is free for a file or a log is decided here
// (reserve.go) and not in package plan: the store checks the free space after every
// written mebibyte, because other processes write to the same disk, and the decision is
// one comparison.
package report
