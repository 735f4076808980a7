// Package rig has the common parts of tests against a real API server: the server under test as
// a separate process, a namespace with its configuration and its simulated nodes, and an audit
// of the namespace, which has its own watches and does not depend on the server.
package rig
