// Package config is the schema of the ConfigMap and of the spec of a NodeCronJob: what their
// values may contain, the defaults, and all problems at once, each with the path of its field.
//
//	config.go           Config: a valid configuration: of the controller, and a definition
//	decode.go           Decode: the data of the ConfigMap becomes a Config, or Problems
//	resource.go         FromResource: a NodeCronJob becomes a Definition, by the same rules;
//	                    keysOfResource: the keys of NodeCronJobs only
//	toresource.go       ToResource: a Definition becomes the spec of a NodeCronJob
//	mirror.go           CheckMirror: what the spec of a NodeCronJob has no room for
//	env.go              Env: the environment variables
//	keys.go             every key of config.yaml with its documentation, declared once, and which
//	                    of them are those of a definition
//	callbacklimits.go   the keys below callback.limits: what job pods may send
//	callbackservice.go  the name and the port of the callback Service
//	directories.go      the report directory
//	lists.go            pull secrets and node labels
//	predecessor.go      values, and other names of keys, that only the predecessor accepted
//	agree.go            checks keys against each other, and the cron expression with its time
//	                    zone, which package plan parses
//	change.go           which keys differ, from when on they apply (as keys.go says), and
//	                    what needs a restart
//
// Package document reads the YAML, package schema its values. Packages gauge (metrics), plan
// (schedules) and jobspec (pod templates) check their parts of a configuration. It must not know a
// client, a clock, a logger or a file, nor the use of a Config: package definition
// follows its changes, and cmd/app builds the process from it.
//
// The schema is that of the predecessor. Where its documentation and its behavior
// differ, both forms are accepted, and a warning names the preferred one.
package config
