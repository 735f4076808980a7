// Package choice finds the nodes of an earlier execution that are in given states, for a person
// to see before a rerun begins.
//
// It knows the record of the earlier execution, as far as the user may read it. It must not
// know which command asks. The controller chooses by itself: plan.Source.Nodes.
//
//	states.go  the states, as a user writes them, and those of a rerun without any
//	nodes.go   the nodes in these states, as text
package choice
