// Package ending says how an execution has ended, by its Execution and its record: the nodes
// that were bad, as a table, and the exit status of a command.
//
// It knows what an end means for a user. It must not know a command, nor how an execution is
// waited for.
package ending
