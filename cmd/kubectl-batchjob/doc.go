// Command kubectl-batchjob installs the batch-job-controller and tells how its
// executions go. On the path of a kubectl it is its plugin, kubectl batchjob.
package main
