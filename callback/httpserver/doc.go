// Package httpserver serves one handler on one port, with or without TLS, bounds
// its connections and the time of a request's header, and passes requests on to
// another replica that listens on the same port. All ports of the controller
// are served by it.
//
// It must not know what a handler does, what an execution is, or how the leader
// is found, and it reads no certificate: tls.Config brings them. How long a body
// or an answer may take is up to the handler.
package httpserver
