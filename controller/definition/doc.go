// Package definition is one definition of executions: what its configuration says,
// when it is due, and how an execution of it begins.
//
// It knows the schedule, the ticks that were processed, the nodes that take part and
// the settings that an execution freezes. An execution that has begun is a record;
// what becomes of the record, this package does not know. Which tick is due, whether an
// execution begins and how late it may is for package plan to decide:
// Definition.latestStart only adds the configured or default deadline to the tick.
//
//	definition.go  a configuration, and its schedule
//	settings.go    the settings that an execution freezes of it
//	source.go      the definition that applies now, and its replacement
//	follow.go      a changed ConfigMap becomes the next definition
//	ticker.go      waits for the next tick, fires what is due
//	state.go       which ticks were processed, in the cluster
//	open.go        an execution is opened, unless one is open
//	create.go      its nodes are selected, and its record is created
//	late.go        opens an execution within startingDeadline, or makes sure that it is not open
//	missed.go      announces ticks that begin no execution
//	preview.go     a Job that would be created, to look at
//	text.go        what events and previews say of an execution
package definition
