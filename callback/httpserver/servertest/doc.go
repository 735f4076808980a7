// Package servertest has helpers for tests of servers. Only tests import it.
//
//	pipe.go       connections in memory
//	authority.go  a certificate authority, and its certificates
package servertest
