// Package testkit has what the tests of several packages share. Only tests import it.
//
//	testkit.go    a clock that can be set, a plan, events
//	clientset.go  a cluster in memory
package testkit
