// Package choice says which nodes of an earlier execution a rerun chooses by their states, for
// a person to see before it begins.
//
// It knows the record of the earlier execution, as far as the user may read it. It must not
// know a command. The controller chooses by itself: plan.Source.Nodes.
//
//	states.go  the states, as a user writes them
//	nodes.go   the nodes in these states, as text
package choice
