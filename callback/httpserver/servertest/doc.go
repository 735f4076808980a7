// Package servertest is what tests of servers share: connections in memory, and
// an authority with certificates of its own. Only tests import it.
package servertest
