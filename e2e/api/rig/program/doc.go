// Package program builds the programs that a test runs as processes, with the race detector if the
// test has it.
//
//	build.go     the server, and other packages of this module
//	previous.go  the server before the last change of its sources
//	race.go, norace.go
//
// It starts none of them.
package program
