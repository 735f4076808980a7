// Package state has the one writer of the state in this process. It merges the changes of
// all definitions that wait into one compare-and-swap of the ConfigMap that stores it.
//
//	configmap.go the ConfigMap: what it is for, how it is read and swapped
//	text.go      its text: a line for each definition and each execution
//	keeper.go    Keeper: what was last read or written, and its chain
//	change.go    Change: how a change waits until it is written or refused
//	commit.go    one read and one write for all changes that wait
//
// What this process knows of the state may be stale: another replica may have written it.
// The Keeper finds that out by its next write, which conflicts, and refuses no change
// before it has read the state again.
//
// A chain is an unbroken sequence of own writes: while it lasts, no other client has
// written the state. It breaks with each conflict, each response that is lost, and each
// read that finds another version. A change that relies on what was written before, such
// as a share that is raised in two steps, is bound to a chain.
//
// A state that was deleted is created again as one that is being restored, which refuses
// each new entry and each change of a share. Only then are the Executions swapped and
// counted: docs/design/0014 has the proof that this is needed.
//
// The package knows neither executions nor definitions. Package plan decides how the state
// changes.
package state
