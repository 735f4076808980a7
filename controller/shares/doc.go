// Package shares divides maxPods among the open executions, and keeps the protocol of
// docs/design/0014, by which their shares never sum to more, whichever leaders write them.
//
//	keeper.go    Keeper: the members, and the rounds that write the state
//	round.go     what a round changes in the state
//	member.go    Member: an open execution, whose run asks what to write next
//	division.go  who may have how much                              slots.Divide
//	step.go      what one execution writes next
//
// A share is in two objects: podShare in the Execution, which its run writes, and the share
// of its entry in the state, which rounds write.
//
// A raise: a round grants a share, in the state. It wakes the run. The run asks Plan, which
// returns the share, writes it with the admissions that it allows, and says Written.
//
// A lowering: a node task has ended, or another execution needs a slot. The run asks Plan,
// which returns a smaller share, writes it, and says Written. The next round tells the
// state. In the same swap, it grants what is free now to others.
//
// A raise or a lowering that has begun is forgotten if the chain of the state breaks (see
// package state), or that of the Execution: then the run says Lost. An execution has one
// raise or lowering at a time, except that it may be lowered further while the state is
// told of a lowering.
//
// Members and turns are memory only. What an earlier leader left half done is lowered, or
// granted anew.
package shares
