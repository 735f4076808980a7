// Package testkit has what the tests of several packages share. Only tests import it.
//
//	testkit.go    a clock that can be set, a plan, events
//	clientset.go  client-go's fake clientset for tests with caches that watch; other tests use
//	              client-go's directly, and package simulation has random faults
//	client.go     client-go's fake, with the custom resources that it lacks
//	golden.go     golden files of objects
package testkit
