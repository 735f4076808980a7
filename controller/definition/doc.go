// Package definition is one definition of executions: what its configuration says,
// when it is due, and how an execution of it begins.
//
// It knows the schedule, the ticks that were processed, the nodes that take part and
// the settings that an execution freezes. It knows neither the other executions nor what
// becomes of an Execution that it has created or opened: package queue does. Package plan
// decides which tick is due, and whether it gets an Execution.
//
//	definition.go  a configuration, its schedule, and what is wrong with one
//	settings.go    what an execution freezes of the configuration, for Jobs and callbacks
//	source.go      the definition that applies now, and its replacement
//	ticker.go      which tick is due, or runOnStartup, and which were processed; if one is
//	               open, skips the tick, with an event
//	create.go      creates the Execution of what is due
//	suspend.go     skips the ticks that fell into a suspension, by plan.DecideTick
//	narrow.go      the nodes of an execution, and those that a person has asked for
//	open.go        opens an Execution: its entry and its share in the state, the nodes, the
//	               callback Service
//	missed.go      announces ticks that start no execution
//	preview.go     a Job that would be created, to look at
//	text.go        the texts of the events ExecutionStarted (an execution has been opened) and
//	               NoNodes, which share the words for nodes that do not take part
package definition
