// Package slots divides maxPods, a limit of node tasks in flight, among executions: by priority,
// then equally, then in turn. Package shares has what it decides written. It is pure: it knows no execution, no lock and no clock.
package slots
