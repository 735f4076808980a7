// Package plan holds every decision of the controller: which tick is due,
// which nodes take part, what to do next about a node task, how one ended,
// which executions are dropped. All of it is pure: state and the time come in
// as arguments, an action with its reason goes out. No client, no clock, no
// logger.
package plan
