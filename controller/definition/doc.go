// Package definition is one definition of executions: what its configuration says,
// when it is due, and how an execution of it begins.
//
// It knows the schedule, the ticks that were processed, the nodes that take part and
// the settings that an execution freezes. It does not know what becomes of a record that
// it has created. Package plan decides which tick is due, whether an execution begins and
// how late it may begin: Definition.latestStart only adds startingDeadline or its default
// to the tick. What it has to know of other executions, it asks Running (open.go), which
// package queue implements.
//
//	definition.go  a configuration, and its schedule
//	settings.go    what an execution freezes of the configuration, for Jobs and callbacks
//	source.go      the definition that applies now, and its replacement
//	follow.go      applies a changed ConfigMap as the next definition
//	ticker.go      waits for the next tick, or for runOnStartup, and fires what is due
//	state.go       which ticks were processed, in the cluster
//	open.go        begins an execution; if one is open, skips the tick, with an event
//	create.go      selects the nodes, reads the callback Service, and creates and opens the
//	               Execution
//	late.go        opens an execution within startingDeadline, or finds out that it is not open,
//	               and rejects it
//	missed.go      announces ticks that start no execution
//	preview.go     a Job that would be created, to look at
//	text.go        the texts of the events ExecutionStarted and NoNodes
package definition
