// Package config is the schema of the ConfigMap: what its two values may say, what is
// assumed where they say nothing, and what is wrong with them, all at once and with
// the path of each field.
//
//	config.go          Config: a configuration that has been checked
//	decode.go          Decode: the data of the ConfigMap becomes a Config, or Problems
//	env.go             Env: the environment variables, and the keys that depend on them
//	keys.go            every key of config.yaml, declared once, by the values below
//	callbacklimits.go  the keys below callback.limits: what job pods may send
//	value.go           kinds of values: texts, words, numbers, sizes, durations, objects
//	lists.go           lists, and mappings by names that people choose
//	ports.go           the port of the callback Service
//	metrics.go         gauges and their labels; metricnames.go: names that are taken
//	predecessor.go     values that only the predecessor accepted
//	rules.go           rules for texts: names, labels, addresses, directories
//	findings.go        collects warnings and problems; Problems: all of them, as an error
//	agree.go           what several keys say together, and at this time
//	change.go          from when on a changed key applies, and what needs a restart
//
// Package document reads the YAML. Packages plan (schedules) and jobspec (pod
// templates) judge their parts of a configuration. It must not know a client, a clock,
// a logger or a file, nor what becomes of a Config: package definition follows its
// changes, and cmd/app builds the process from it.
//
// The schema is that of the predecessor with its documented names. Where what
// is documented and what worked differ, both are taken; a warning tells which
// one to prefer.
package config
