// Package callback accepts the results, files and events of job pods. It
// authenticates and validates requests, passes them to a Recorder, and maps the
// Recorder's errors to responses.
//
// Package limits bounds the requests, package payload decodes them, and package
// httpserver serves the port. Callback knows neither the cluster nor the disk, and must
// not know how credentials are checked or which replica leads: functions for both are
// passed in (Options).
//
// The path of a request:
//
//	handler.go       its route, and the steps below
//	call.go          a request in progress
//	checks.go        what is checked before its body is read
//	authenticate.go  the credential it contains
//	leader.go        forwards the request to the leader, or waits for one; if there is none
//	                 within Limits.Hold, the answer is 503
//	result.go        takes a result
//	event.go         takes an event
//	file.go          takes a file, or those of a form
//	form.go          takes the files of a form, one by one
//	storefile.go     stores one of them
//	redact.go        redacts credentials
//	respond.go       writes the response
//	errors.go        the status and the text of each error (most texts: package execution)
//	observe.go       logs and counts the request
//	warnonce.go      which limits a warning was logged for
//
// What it is given:
//
//	options.go       its options, and the limits with their defaults
//	recorder.go      where callbacks are stored
package callback
