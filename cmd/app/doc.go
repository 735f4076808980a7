// Package app wires the server: flags and environment in, an exit status out.
//
// A program with extensions calls Run with them; batch-job-controller itself calls it
// without any. See the example.
package app
