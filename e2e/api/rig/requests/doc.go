// Package requests reads what service accounts ask of the API server, from the API server's own
// audit log. It knows nothing of the server under test, which cannot hide a request from it.
package requests
