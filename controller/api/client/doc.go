// Package client reads and writes NodeCronJobs and Executions in the API server, as
// client-go does with the kinds of Kubernetes. Package fake below it is for tests.
package client
