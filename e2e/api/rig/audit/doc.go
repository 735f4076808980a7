// Package audit observes the objects of a namespace: its Jobs, pods, Executions and events.
//
//	audit.go    Audit: the watches, and waiting for what they show
//	state.go    State: what was observed, and questions about it
//	unended.go  what had not ended when a test has waited in vain
//
// It has its own watches, and knows neither the server nor its metrics, logs and reports: what it
// has seen is true whatever the server says.
package audit
