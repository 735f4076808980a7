// Package rig has the common parts of tests against a real API server: a namespace with its
// configuration and its simulated nodes, and the server under test as a separate process.
//
//	site.go     Site: the namespace; config.go: the ConfigMap; address.go: the ports
//	nodes.go    the simulated nodes; env.go: the environment of the pods on them
//	account.go  a service account with the permissions of the manifests; asked.go: what it asked
//	record.go   the Executions; report.go: the report on the disk
//	refusal.go, quota.go
//	            admission that denies objects of the site
//	server.go   Server: starts, pauses and kills a replica; flags.go: its flags
//	ready.go    waits for it; metrics.go: its metrics
//
// The rooms behind it, each of which knows less:
//
//	testbed   the cluster that the sites share
//	audit     what happened in a namespace, whatever the server says
//	faults    a proxy in front of the API server
//	requests  what the API server was asked
//	process   child processes; program: builds what they run
//	follow    watches without a gap
package rig
