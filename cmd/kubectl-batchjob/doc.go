// Command kubectl-batchjob installs the batch-job-controller and shows its executions.
// In a directory of PATH it is a plugin of kubectl: kubectl batchjob.
package main
