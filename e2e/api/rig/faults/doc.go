// Package faults is a proxy between a server under test and the API server, in which requests
// fail, responses are lost, and watches end or lag. It knows neither the server nor what the
// requests mean: a test decides the fate of each.
package faults
