// Package clienttest has what an API server does with the custom resources: cases that the
// tests of package fake, of the simulation, and of a real API server run, so that what the
// controller is tested with does not differ from what it runs with. Only tests import it.
//
//	clienttest.go  the cases
//	writes.go      creation, updates, deletion
//	rules.go       what is immutable
//	watches.go     watches
//	collection.go  the garbage collector
package clienttest
