// Package testbed has what the tests of a package share: a control plane with simulated nodes, and
// the program of the server under test.
//
//	main.go         the body of a TestMain
//	cluster.go      Cluster: starts and stops it, builds the programs
//	definitions.go  the custom resource definitions
//	kubectl.go
//
// It knows neither the namespace of a test nor a process of the server: those are of package rig.
package testbed
