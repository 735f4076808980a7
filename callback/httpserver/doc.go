// Package httpserver serves a handler on a port, with or without TLS. It bounds the
// connections and the time of a request's header, and forwards requests to another
// replica on the same port. It serves all ports of the controller.
//
//	server.go       Server: opens a port, serves it, and closes it
//	connections.go  bounds the open connections of a port
//	proxy.go        Proxy: forwards a request to the leader; Forwarder: one for reports
//
// It must not know the handlers, executions, or how the leader is found, and it reads
// no certificate: tls.Config has them. The handler bounds the time of a body and of a
// response.
package httpserver
