// Package batchjob is the command kubectl-batchjob: it installs the controller
// without a checkout, begins and steers executions, and shows them.
//
// It knows which commands there are. It does not know what they do, except for the two
// that need no cluster: its packages do.
//
//	run.go       the command line
//	validate.go  the command validate
//	version.go   the command version
//
// Its packages, from top to bottom:
//
//	install      the commands render, diff, install and uninstall
//	watch        the commands wait and status
//	steer        the commands that act on NodeCronJobs and Executions, such as run and cancel
//	preview      the nodes that an execution would run on
//	choice       the nodes of an earlier execution, by their states
//	ending       how an execution has ended, by its Execution: its bad nodes as a table, and
//	             the exit status
//	manifest     the NodeCronJobs of a file, checked as the controller does
//	printing     NodeCronJobs and Executions, as tables and in the formats of kubectl
//	resources    the NodeCronJobs and Executions that a command line names
//	cluster      an installed controller, as found in the cluster
//	progress     the meaning of records, statuses, pods and events
//	objects      applying, comparing and deleting objects
//	cli          streams, global flags, exit statuses, polling
package batchjob
