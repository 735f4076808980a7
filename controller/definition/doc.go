// Package definition is one definition of executions: what its configuration says,
// when it is due, and how an execution of it begins.
//
// It knows the schedule, the ticks that were dealt with, the nodes that take part and
// the settings that an execution freezes. An execution that has begun is a record;
// what becomes of the record, this package does not know. Which tick is due, whether an
// execution begins and how late it may is for package plan to decide:
// Definition.latestStart only adds the configured or default deadline to the tick.
//
//	definition.go  a configuration and what was made of it
//	source.go      the definition that applies now, and its replacement
//	follow.go      a changed ConfigMap becomes the next definition
//	ticker.go      waits for the next tick, and fires what is due
//	state.go       which ticks were dealt with, in the cluster
//	open.go        an execution is opened, unless one is open
//	create.go      its nodes are selected, and its record is created
//	late.go        an execution that cannot be opened in time is given up
package definition
