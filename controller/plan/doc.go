// Package plan holds every decision of the controller: which tick is due, which
// nodes are selected, what to do next about a node task, how a node task ended,
// which executions are pruned. All functions are pure: they take the state and the
// time, and return an action with its reason. No client, no clock, no logger.
package plan
