// Package flags has the command line of the server.
//
//	options.go      Parse: the flags, their defaults and what they must be
//	commandline.go  parses: former names of flags, and all errors at once
//
// It knows neither a cluster nor a configuration: package app acts on the Options.
package flags
