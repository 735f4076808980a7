// Package app wires the server: flags and environment in, an exit status out.
//
// A program of your own that adds to the controller calls Run with extensions,
// as batch-job-controller itself does without any: see the example.
package app
