// Package fake is a client.Interface that stores objects in memory, for tests. It has what
// the tests of a compare-and-swap need and the tracker of client-go lacks: an update with
// an old resourceVersion is a conflict, and an update of the spec leaves the status alone,
// as the other way round. It knows neither the rules nor the defaults of the API server.
package fake
