// Package servertest is what tests of servers share: connections in memory, and
// an authority with certificates of its own. Only tests import it.
//
//	pipe.go       connections in memory
//	authority.go  an authority, and certificates of it
package servertest
