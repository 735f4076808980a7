// Package slots divides a limit of node tasks in flight among executions. It is pure:
// it knows no execution, no lock and no clock.
package slots
