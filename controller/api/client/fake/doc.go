// Package fake is a client.Interface that stores objects in memory, for tests. It does what
// the tests of a compare-and-swap need and the tracker of client-go lacks: an update with an
// old resourceVersion is a conflict, an update of the spec leaves the status alone, as the
// other way round, defaults are set, and what is immutable stays. Package clienttest checks
// that an API server does the same. The fake has no garbage collector and no finalizers, and
// of the rules for new objects only those about Executions.
//
//	fake.go       the client
//	reactions.go  requests
//	tracker.go    the storage, with UIDs and versions
//	rules.go      what becomes of an object before it is stored, and what is rejected
//	defaults.go   the defaults of the definitions
package fake
