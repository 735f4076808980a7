// Package callback takes what the pods of the node tasks hand in: results,
// files and events. It checks who and what, bounds how much and how slowly,
// passes it to a Recorder and turns the Recorder's errors into answers.
//
// It knows neither the cluster nor the disk, nor how a port is served: that is
// package httpserver.
package callback
