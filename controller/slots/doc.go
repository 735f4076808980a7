// Package slots divides a limit of node tasks in flight among executions: by priority, then
// equally, then in turn. It is pure: it knows no execution, no lock and no clock.
package slots
