// Package callback accepts the results, files and events of job pods. It
// authenticates and validates requests, bounds their size and duration, passes them
// to a Recorder, and maps the Recorder's errors to responses.
//
// It knows neither the cluster nor the disk. Package httpserver serves the port.
package callback
