// Package preview says on which nodes an execution would run, before it begins.
//
// It selects among the nodes that it is given as the controller does, with the controller's
// own package plan. It must not know a client, a command, nor the executions that there are.
package preview
