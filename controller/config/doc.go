// Package config is the schema of the ConfigMap: what its two values may say,
// what is assumed where they say nothing, and what is wrong with them, all at
// once and with the path of each field. It reads a value that is given to it
// and nothing else: no client, no clock, no logger, no file.
//
// keys.go declares every key of config.yaml, once. What takes more than one key or
// the time is in agree.go.
//
// The schema is that of the predecessor with its documented names. Where what
// is documented and what worked differ, both are taken; a warning tells which
// one to prefer.
package config
